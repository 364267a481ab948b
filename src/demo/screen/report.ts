import { formatBytes, formatDuration } from '../../model/text/format.ts';
import type { DemoVerdict, RestartRow } from '../demo-verdict.ts';
import type { JobGrowth } from '../guilty-job.ts';
import type { TallyReport } from '../jobs/tally.ts';

/** What the actuator said of a restart. */
export interface Account {
  /** A sentence, with the numbers. */
  readonly explanation: string;
  /** How the restart ended; null while it has not, or nobody reported it. */
  readonly outcome: string | null;
}

export interface ReportInput {
  readonly verdict: DemoVerdict;
  readonly elapsedMs: number;
  /** When the demo's clock began (Unix ms). */
  readonly startedAtMs: number;
  readonly jobs: TallyReport;
  /** The job names of the workers by net growth, the largest first; empty if the actuator did not say. */
  readonly jobGrowth: readonly JobGrowth[];
  /** By boot id. */
  readonly accounts: ReadonlyMap<string, Account>;
  /** What JavaScript had in use in a boot at the end of its newest job; null if it has done none. */
  readonly javascriptBytes: (bootId: string) => number | null;
  readonly untouched: readonly {
    readonly dyno: string;
    readonly peakBytes: number;
    readonly lastBytes: number | null;
  }[];
  /** What was killed from outside, and brought back. */
  readonly disturbances: readonly string[];
}

const MEASURE_NOTE =
  "  Memory here is the processes' RSS as the dyno manager reads it. " +
  "The actuator counts pages that processes share, such as Node's own, once for all of them, " +
  'so its figures are some 40 MB lower.';

const NEXT_STEP = [
  'Next: watch your own workers. The README has the three steps ("Install"); ' +
    'nothing is restarted until you switch dry run off.',
  'To judge memory that you have recorded: npx tidemark replay series.csv --quota 512MiB',
];

/** The summary with which the demo ends. */
export function reportText(input: ReportInput): string {
  const { verdict, jobs } = input;
  const lines = ['', `Summary, after ${formatDuration(input.elapsedMs)}`, ''];
  for (const restart of verdict.restarts) lines.push(...restartLines(restart, input));
  lines.push(verdict.restarts.length === 0 ? '  No dyno was restarted.' : MEASURE_NOTE);
  lines.push(...guiltLines(input.jobGrowth));
  for (const { dyno, peakBytes, lastBytes } of input.untouched) {
    lines.push(
      `  ${dyno} was left alone: its peaks of up to ${formatBytes(peakBytes)} came back to ${bytes(lastBytes)}.`,
    );
  }
  lines.push(
    '',
    `  Jobs: ${jobs.completed} of ${jobs.added} done, ${jobs.lost.length} lost, ${jobs.failed.length} failed, ` +
      `${jobs.repeated.length} done twice.`,
  );
  if (jobs.rescued > 0) lines.push(`  ${jobs.rescued} taken over from a worker that was killed.`);
  lines.push(...input.disturbances.map((disturbance) => `  ${disturbance}`), '');
  if (verdict.ok) {
    lines.push(
      'The loop closed: exactly the bloated boots were restarted, once each, one at a time; no job was lost.',
      '',
    );
    lines.push(...NEXT_STEP);
  } else {
    lines.push('The loop did not close:', ...verdict.faults.map((fault) => `  - ${fault}`));
  }
  return `${lines.join('\n')}\n`;
}

/** Which job name made memory grow, next to the one that grew second most. */
function guiltLines([first, second]: readonly JobGrowth[]): readonly string[] {
  if (first === undefined || first.netBytes <= 0) return [];
  const compared =
    second === undefined ? '' : `, by ${formatBytes(second.netBytes)} in the ${second.runs} runs of ${second.name}`;
  const grew = `memory grew by ${formatBytes(first.netBytes)} in its ${first.runs} runs`;
  return [`  The guilty job is ${first.name}: ${grew}${compared}.`];
}

function restartLines(restart: RestartRow, input: ReportInput): readonly string[] {
  const { dyno, bootNumber, bootId, beforeBytes, afterBytes, requestedAtMs } = restart;
  const account = input.accounts.get(bootId);
  const inUse = input.javascriptBytes(bootId);
  const ofJavascript = inUse === null ? '' : ` (${formatBytes(inUse)} of it in use by JavaScript)`;
  const gaveBack =
    beforeBytes === null || afterBytes === null ? '' : `, ${formatBytes(beforeBytes - afterBytes)} given back`;
  return [
    `  ${dyno} (boot ${bootNumber}) was restarted at ${formatDuration(requestedAtMs - input.startedAtMs)}`,
    `    why     ${account?.explanation ?? 'the actuator did not say'}`,
    `    memory  before ${bytes(beforeBytes)}${ofJavascript}, after ${bytes(afterBytes)}${gaveBack}`,
    `    ended   ${account?.outcome ?? 'not reported'}`,
  ];
}

function bytes(count: number | null): string {
  return count === null ? 'not known' : formatBytes(count);
}
