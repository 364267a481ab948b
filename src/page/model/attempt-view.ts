import type { Attempt } from '../../web/schema/attempt.ts';
import type { Tone } from './dynos/dyno-view.ts';
import { jobName } from './jobs-view.ts';
import { sentence } from './words/sentence.ts';
import { numberOf, sizeWords } from './words/sizes.ts';
import { clockWords, spanWords } from './words/times.ts';

/** A step on the way of a restart. */
export interface Step {
  readonly name: string;
  readonly state: 'done' | 'now' | 'next';
}

const PHASES = ['claimed', 'draining', 'sending', 'closed'] as const;

/** claimed, draining (2 of 3 jobs left), restart sent, new boot seen. */
export function stepsOf(attempt: Attempt): readonly Step[] {
  const at = PHASES.indexOf(attempt.phase);
  const names = ['claimed', drainWords(attempt), 'restart sent', 'new boot seen'];
  return names.map((name, index) => ({ name, state: index < at ? 'done' : index === at ? 'now' : 'next' }));
}

function drainWords({ phase, jobs_now, jobs_at_claim }: Attempt): string {
  if (phase !== 'draining' || jobs_now === null) return 'draining';
  if (jobs_now === 0) return 'draining, no job left';
  return jobs_at_claim === null
    ? `draining, ${numberOf(jobs_now, 'job')} left`
    : `draining, ${jobs_now} of ${numberOf(jobs_at_claim, 'job')} left`;
}

/** How an attempt ended, as a word, a shape and a tone. */
export function outcomeOf({ outcome, phase, is_useless }: Attempt): { word: string; shape: string; tone: Tone } {
  if (phase !== 'closed' || outcome === null) return { word: 'under way', shape: 'half', tone: 'watch' };
  if (outcome === 'restarted' && is_useless === true)
    return { word: 'restarted, no use', shape: 'square', tone: 'watch' };
  const [word, shape, tone] = OUTCOMES[outcome];
  return { word, shape, tone };
}

const OUTCOMES: Readonly<Record<NonNullable<Attempt['outcome']>, readonly [string, string, Tone]>> = {
  restarted: ['restarted', 'check', 'ok'],
  'already-gone': ['already gone', 'ring', 'quiet'],
  refused: ['refused', 'cross', 'act'],
  unconfirmed: ['not confirmed', 'up', 'watch'],
  'drain-timeout': ['jobs ran on', 'pause', 'watch'],
  abandoned: ['given up', 'ring', 'quiet'],
  'dry-run': ['dry run', 'half', 'quiet'],
};

/** What became of it, and which job is the likely cause where memory was given back, or would have been. */
export function sentencesOf({ says, outcome, suspects: [suspect] }: Attempt): string {
  const isAboutMemory = outcome === 'restarted' || outcome === 'dry-run';
  if (suspect === undefined || suspect.net_bytes <= 0 || !isAboutMemory) return sentence(says);
  return `${sentence(says)} Suspect: ${jobName(suspect)}.`;
}

/** `475 → 87 MB`; the floor before alone while the floor after is not known. Null where nothing is known. */
export function beforeAfterWords({ usage_bytes, floor_after_bytes }: Attempt): string | null {
  if (usage_bytes === null) return null;
  return floor_after_bytes === null
    ? sizeWords(usage_bytes)
    : `${sizeWords(usage_bytes)} → ${sizeWords(floor_after_bytes)}`;
}

/** The numbers of a restart, for its opened row. */
export function factsOf(attempt: Attempt, nowMs: number): readonly (readonly [name: string, value: string])[] {
  const dry = attempt.dry_run ? ' (dry run)' : '';
  const facts: readonly (readonly [string, string | null])[] = [
    ['Asked for by', `${attempt.by === 'person' ? 'a person' : 'Tidemark'}${dry}`],
    ['Began', clockWords(attempt.claimed_at_ms, nowMs)],
    ['Restart sent', attempt.sending_at_ms === null ? null : clockWords(attempt.sending_at_ms, nowMs)],
    ['Drain took', spanOrNull(attempt.drain_ms)],
    ['New boot after', spanOrNull(attempt.restart_ms)],
    ['Jobs running at its start', attempt.jobs_at_claim === null ? null : String(attempt.jobs_at_claim)],
    ['Usage before', sizeOrNull(attempt.usage_bytes)],
    ['Floor before', sizeOrNull(attempt.floor_bytes)],
    ['Floor after', sizeOrNull(attempt.floor_after_bytes)],
    ['Quota', sizeOrNull(attempt.limit_bytes)],
    [attempt.dry_run ? 'Would have given back' : 'Expected to give back', sizeOrNull(attempt.expected_bytes)],
    ['Gave back', sizeOrNull(attempt.reclaimed_bytes)],
    ['Evidence', attempt.evidence],
  ];
  return facts.filter((fact): fact is readonly [string, string] => fact[1] !== null);
}

function spanOrNull(ms: number | null): string | null {
  if (ms === null) return null;
  return ms < 10_000 ? `${(ms / 1000).toFixed(1)} s` : spanWords(ms);
}

function sizeOrNull(bytes: number | null): string | null {
  return bytes === null ? null : sizeWords(bytes);
}

/** What a person's restart will do, said before it is done. */
export interface RestartPlan {
  readonly dyno: string;
  readonly dryRun: boolean;
  readonly graceMs: number | null;
  readonly activeJobs: number | null;
  readonly reclaimableBytes: number | null;
}

export function planSentences(plan: RestartPlan): readonly string[] {
  const { dyno, dryRun, graceMs, activeJobs, reclaimableBytes } = plan;
  if (dryRun) return [`${dyno} is in dry run: Tidemark records what it would do, drains nothing and restarts nothing.`];
  const grace = graceMs === null ? '' : ` for up to ${spanWords(graceMs)}`;
  const jobs =
    activeJobs === null
      ? 'How many jobs run now is not known.'
      : activeJobs === 0
        ? 'No job runs now.'
        : `${numberOf(activeJobs, 'job')} ${activeJobs === 1 ? 'runs' : 'run'} now.`;
  return [
    `Drains ${dyno}${grace}, then sends one restart.`,
    jobs,
    'Jobs that still run then are cut off, and BullMQ runs them again.',
    reclaimableBytes === null
      ? 'What it gives back is not known.'
      : `It gives back about ${sizeWords(reclaimableBytes)}.`,
  ];
}
