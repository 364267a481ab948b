import { clockTime } from '../decision/standing.ts';
import { formatBytes, formatDuration } from '../model/text/format.ts';
import { columnsOf, table, wrap } from '../model/text/lines.ts';
import { printable } from '../model/text/printable.ts';
import { holdings, isGroup } from '../page/model/actuators.ts';
import { byGrowth, jobName } from '../page/model/jobs-view.ts';
import type { Attempt } from '../web/schema/attempt.ts';
import type { Decision } from '../web/schema/decision.ts';
import type { Dyno } from '../web/schema/dyno.ts';
import type { TargetJobs } from '../web/schema/jobs.ts';
import { ROUTES } from '../web/schema/routes.ts';
import type { RefusedMeasurements, Status, TargetState } from '../web/schema/status.ts';
import { allDynos } from './remote/all-dynos.ts';
import { ask } from './remote/client.ts';
import { openSource } from './remote/source.ts';
import type { CommandArguments } from './terminal/command.ts';

const ATTEMPTS_SHOWN = 5;
const DECISIONS_SHOWN = 10;
const JOBS_SHOWN = 3;

type TargetShown = Pick<
  TargetState,
  'target' | 'restarts' | 'restarts_last_hour' | 'max_restarts_per_hour' | 'obstacles'
>;
type DynoShown = Pick<Dyno, 'app' | 'dyno' | 'usage_bytes' | 'limit_bytes' | 'class' | 'action' | 'reason' | 'held_by'>;
type AttemptShown = Pick<
  Attempt,
  | 'app'
  | 'dyno'
  | 'by'
  | 'phase'
  | 'outcome'
  | 'deadline_ms'
  | 'claimed_at_ms'
  | 'closed_at_ms'
  | 'evidence'
  | 'reclaimed_bytes'
>;

/** What the text shows of the answers. */
interface Snapshot extends Pick<Status, 'restarts' | 'platform_refuses' | 'refused' | 'read_from' | 'actuators'> {
  /** Where it was read. */
  readonly source: string;
  readonly platform: Pick<Status['platform'], 'calls_used' | 'calls_left' | 'budget' | 'budget_left'>;
  readonly targets: readonly TargetShown[];
  readonly dynos: readonly DynoShown[];
  readonly jobs: readonly TargetJobs[];
  readonly attempts: readonly AttemptShown[];
  readonly decisions: readonly Decision[];
}

/** `tidemark status`: what is off and why, targets, dynos, jobs, restarts, refused measurements, last decisions. */
export async function runStatus(args: CommandArguments): Promise<number> {
  const { address, name, faults, close } = await openSource(args);
  const answers = Promise.all([
    ask(address, ROUTES.status),
    allDynos(address),
    ask(address, ROUTES.jobs),
    ask(address, ROUTES.attempts, { query: { limit: ATTEMPTS_SHOWN } }),
    ask(address, ROUTES.decisions, { query: { limit: DECISIONS_SHOWN } }),
  ]);
  const [status, dynos, { targets: jobs }, { attempts }, { decisions }] = await answers.finally(close);
  const snapshot = { ...status, source: name, dynos, jobs, attempts, decisions };
  const text =
    args.own.json === true
      ? printable(JSON.stringify(snapshot))
      : describeStatus(snapshot, columnsOf(process.stdout), Date.now());
  process.stdout.write(`${text}\n`);
  for (const fault of faults()) process.stderr.write(`tidemark: ${printable(fault)}\n`);
  return 0;
}

/** What a person reads, in lines of at most `columns`. */
export function describeStatus(snapshot: Snapshot, columns: number, nowMs: number): string {
  const { restarts, platform_refuses, platform, targets, dynos, jobs, attempts, refused, decisions } = snapshot;
  const sections = [
    [
      `Restarts are ${restarts}`,
      ...sourceLines(snapshot),
      ...(platform_refuses === null ? [] : [`  ${platform_refuses}`]),
      ...callLines(platform),
    ],
    section('Actuators', isGroup(snapshot) ? holdings(snapshot, nowMs).map((one) => `  ${one}`) : []),
    section('Targets', targets.flatMap(targetLines)),
    section('Dynos', dynoLines(dynos), 'none: no measurements have arrived'),
    section('Jobs that grow memory', jobLines(jobs)),
    section(
      'Last restarts',
      attempts.flatMap((attempt) => attemptLines(attempt, nowMs)),
      'none',
    ),
    section(
      'Refused measurements',
      refused.flatMap((refusal) => refusalLines(refusal, nowMs)),
    ),
    section(
      'Last decisions',
      decisions.flatMap((decision) => decisionLines(decision, nowMs)),
      'none',
    ),
  ];
  const shown = sections.filter((lines) => lines.length > 0);
  return shown
    .map((lines) => lines.map((line) => wrap(printable(line), columns, hangOf(line))).join('\n'))
    .join('\n\n');
}

/** Of each target the job names that grew its memory most. */
function jobLines(targets: readonly TargetJobs[]): readonly string[] {
  return byGrowth(targets).flatMap(({ app, process_type, jobs }) =>
    jobs
      .filter(({ net_bytes }) => net_bytes > 0)
      .slice(0, JOBS_SHOWN)
      .map((job) => {
        const runs = job.runs === null ? '' : ` in ${job.runs} ${job.runs === 1 ? 'run' : 'runs'}`;
        return `  ${app ?? '?'}:${process_type} ${jobName(job)}: memory grew by ${formatBytes(job.net_bytes)}${runs}`;
      }),
  );
}

/** That memory is not of this moment, where it was not. */
function sourceLines({ read_from, source }: Snapshot): readonly string[] {
  return read_from === 'redis'
    ? [`  Read from ${source}: memory and jobs as the actuator last saved them, once a window.`]
    : [];
}

function callLines({ calls_used, calls_left, budget, budget_left }: Snapshot['platform']): readonly string[] {
  if (calls_used === null) return [];
  const left = calls_left === null ? '' : `; the account has ${calls_left} left`;
  const budgeted = `of ${budget} an hour for watching, ${budget_left} may be made now`;
  return [`Platform calls: ${calls_used} in the last hour; ${budgeted}${left}`];
}

/**
 * How far the later lines of a wrapped line are indented: below the words of an advice, not at all below an
 * explanation.
 */
function hangOf(line: string): number {
  if (line.trimStart().startsWith('->')) return 3;
  return line.startsWith('    ') ? 0 : 2;
}

/** Empty where there are no lines and no text for that case. */
function section(title: string, lines: readonly string[], otherwise: string | null = null): readonly string[] {
  if (lines.length > 0) return [title, ...lines];
  return otherwise === null ? [] : [title, `  ${otherwise}`];
}

function targetLines({ target, restarts, restarts_last_hour, max_restarts_per_hour, obstacles }: TargetShown) {
  const used = restarts_last_hour === null ? '' : `, ${restarts_last_hour} of ${max_restarts_per_hour} used this hour`;
  const seen = target.includes('*') ? ', no such app reports yet' : used;
  return [`  ${target}: restarts ${restarts}${seen}`, ...obstacles.flatMap(obstacleLines)];
}

function obstacleLines({ says, advice }: TargetState['obstacles'][number]): readonly string[] {
  return [`    ${says}`, ...(advice === null ? [] : [`    -> ${advice}`])];
}

/** Grouped by app: its name may fill a third of a line. */
function dynoLines(dynos: readonly DynoShown[]): readonly string[] {
  const rows = table(
    dynos.map(({ dyno, action, reason, held_by, ...row }) => {
      const held = held_by === null ? '' : `, held by ${held_by}`;
      return [dyno, memoryOf(row), row.class, `${action}: ${reason}${held}`];
    }),
  );
  return dynos.flatMap(({ app }, index) => [
    ...(index === 0 || dynos[index - 1]?.app !== app ? [`  ${app ?? 'unknown app'}`] : []),
    `    ${rows[index]}`,
  ]);
}

function memoryOf({ usage_bytes, limit_bytes }: Pick<Dyno, 'usage_bytes' | 'limit_bytes'>): string {
  if (usage_bytes === null) return '?';
  return `${formatBytes(usage_bytes)} of ${limit_bytes === null ? 'an unknown quota' : formatBytes(limit_bytes)}`;
}

function attemptLines(attempt: AttemptShown, nowMs: number): readonly string[] {
  const { app, dyno, by, claimed_at_ms, evidence, reclaimed_bytes } = attempt;
  const asked = by === 'person' ? ', asked for by a person' : '';
  const back = reclaimed_bytes === null ? '' : `; it gave back ${formatBytes(reclaimed_bytes)}`;
  return [
    `  ${clockTime(claimed_at_ms, nowMs)}  ${app} ${dyno}: ${stateOf(attempt, nowMs)}${asked}`,
    ...(evidence === null ? [] : [`    ${evidence}${back}`]),
  ];
}

const PHASES: Readonly<Record<Attempt['phase'], string>> = {
  claimed: 'under way, Tidemark reads the dyno again',
  draining: 'under way, its running jobs may finish',
  sending: 'under way, Heroku was asked to restart it',
  closed: 'closed',
};

/** The phase of an attempt, or how it ended. */
export function stateOf(
  { phase, outcome, deadline_ms, closed_at_ms, claimed_at_ms }: Omit<AttemptShown, 'by'>,
  nowMs: number,
): string {
  if (phase !== 'closed')
    return `${PHASES[phase]}${deadline_ms === null ? '' : `, until ${clockTime(deadline_ms, nowMs)} at the latest`}`;
  const after = closed_at_ms === null ? '' : ` after ${formatDuration(closed_at_ms - claimed_at_ms)}`;
  return `${outcome ?? 'closed'}${after}`;
}

function refusalLines({ count, last_ms, says, advice }: RefusedMeasurements, nowMs: number): readonly string[] {
  return [`  ${says} (${count} in all, last at ${clockTime(last_ms, nowMs)})`, `    -> ${advice}`];
}

function decisionLines(row: Decision, nowMs: number): readonly string[] {
  const outcome = row.outcome === null ? '' : ` -> ${row.outcome}`;
  return [
    `  ${clockTime(row.time_ms, nowMs)}  ${row.app ?? '?'} ${row.dyno}  ${row.action}: ${row.reason}${outcome}`,
    `    ${row.explanation}`,
  ];
}
