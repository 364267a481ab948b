import { defaultPolicy } from '../../src/config/policy.ts';
import type { Decision } from '../../src/model/decision.ts';
import type { Policy } from '../../src/model/policy.ts';
import { replay } from '../../src/replay/replay.ts';
import { BASELINES } from '../candidates.ts';
import type { Candidate, Sample } from '../restarter.ts';
import { candidateOf } from '../restarters/rule.ts';
import { WINDOW_MS } from './family.ts';
import { overForGoodMs, overOnEndMs, type Recorded } from './recorded.ts';

/** As fractions of the quota: the defaults of the settings. */
const SOFT = 0.8;
const LIMIT = 1;
const MINUTE_MS = 60_000;
const GRACE_MINUTES = 2;

/**
 * The defaults at the time scale of the recordings: `--window 1s --grace 2s`. The platform's cycle, which no recording
 * comes near, stays at its
 * 24 h: what is "near" to it is a matter of hours at any scale.
 */
const POLICY: Policy = {
  ...defaultPolicy(WINDOW_MS),
  graceMs: GRACE_MINUTES * WINDOW_MS,
};

export type Verdict =
  /** Restarted as it should. */
  | 'right'
  /** Left alone, and rightly. */
  | 'left'
  /** Restarted though it should be left alone, or bloat before its floor stayed over the soft limit. */
  | 'wrong'
  /** Not restarted, or a leak only when it was at the limit. */
  | 'missed';

/** Of the first restart: a recording does not react to it, so later rows mean nothing if one was due. */
export function verdictOn(recorded: Recorded, firstRestartMs: number | null): Verdict {
  const { expected } = recorded.family;
  if (expected === 'leave') return firstRestartMs === null ? 'left' : 'wrong';
  if (firstRestartMs === null) return 'missed';
  const dueMs = dueMsOf(recorded) ?? Number.POSITIVE_INFINITY;
  if (expected === 'bloat') return firstRestartMs < dueMs ? 'wrong' : 'right';
  return firstRestartMs < dueMs ? 'right' : 'missed';
}

/** Beneath a swinging load, ten windows on end over a limit count as over it. */
const ON_END_MS = 10 * WINDOW_MS;

/**
 * When usage crosses the limit: the soft limit for bloat, the quota for a leak. Without a load: from when on usage
 * stays over the limit. Beneath a swinging load: the first time usage is over it for ten windows on end. The load alone
 * never gets there, so from then on a restart gives back growth at equal load.
 *
 * @returns null if no restart is due
 */
export function dueMsOf(recorded: Recorded): number | null {
  const { expected, load } = recorded.family;
  if (expected === 'leave') return null;
  const limit = expected === 'bloat' ? SOFT : LIMIT;
  return load === undefined ? overForGoodMs(recorded, limit) : overOnEndMs(recorded, limit, ON_END_MS);
}

export interface OwnOutcome {
  readonly recorded: Recorded;
  readonly verdict: Verdict;
  readonly finalClass: string;
  readonly restartsMs: readonly number[];
  /** The decision to restart for the first time; null if the recording is left alone. */
  readonly first: Decision | null;
  /** See `dueMsOf`. */
  readonly dueMs: number | null;
}

/** What `tidemark replay` makes of it. */
export function judgeOwn(recorded: Recorded): OwnOutcome {
  const options = { policy: POLICY, quotaBytes: recorded.quotaBytes };
  const { finalClass, restartsMs, restarts } = replay(recorded.rows, options, () => undefined);
  return {
    recorded,
    verdict: verdictOn(recorded, restartsMs[0] ?? null),
    finalClass,
    restartsMs,
    first: restarts[0] ?? null,
    dueMs: dueMsOf(recorded),
  };
}

export interface RuleOutcome {
  readonly name: string;
  readonly setting: Readonly<Record<string, number>>;
  /** In the order of the recordings. */
  readonly firstRestartsMs: readonly (number | null)[];
  readonly verdicts: readonly Verdict[];
}

/** These collect garbage before they look: a recording does not show what that would have freed. */
const NOT_JUDGED = ['sidekiq-worker-killer', 'memwatch'];

/** Each other rule, with its setting that is right about most of these recordings. */
export function judgeOthers(recordings: readonly Recorded[]): readonly RuleOutcome[] {
  const series = recordings.map(samplesOf);
  return BASELINES.filter(({ name }) => !NOT_JUDGED.includes(name)).map((baseline) => {
    const outcomes = baseline.settings.map((setting) => ({
      name: baseline.name,
      setting,
      ...judgeCandidate(candidateOf(baseline, setting), recordings, series),
    }));
    const [best] = outcomes.toSorted((a, b) => rightOnes(b) - rightOnes(a));
    if (best === undefined) throw new Error(`${baseline.name} has no setting`);
    return best;
  });
}

export function isRight(verdict: Verdict): boolean {
  return verdict === 'right' || verdict === 'left';
}

function rightOnes({ verdicts }: RuleOutcome): number {
  return verdicts.filter(isRight).length;
}

/** What a rule that sees samples makes of the recordings. */
export function judgeCandidate(
  candidate: Candidate,
  recordings: readonly Recorded[],
  series: readonly (readonly Sample[])[] = recordings.map(samplesOf),
): Pick<RuleOutcome, 'firstRestartsMs' | 'verdicts'> {
  const firstRestartsMs = series.map((samples, index) => {
    const restarter = candidate.start();
    const at = samples.findIndex((sample) => restarter.observe(sample));
    return recordings[index]?.rows[at]?.timeMs ?? null;
  });
  const verdicts = recordings.map((recorded, index) => verdictOn(recorded, firstRestartsMs[index] ?? null));
  return { firstRestartsMs, verdicts };
}

/**
 * Their spans are minutes and have no scale of their own, so time is stretched for them: a window of a recording is a
 * minute.
 */
function samplesOf({ name, quotaBytes, rows }: Recorded): readonly Sample[] {
  return rows.map((row) => ({
    timeMs: Math.round((row.timeMs * MINUTE_MS) / WINDOW_MS),
    bootId: name,
    bootStartMs: 0,
    rssBytes: row.rssBytes,
    swapBytes: row.swapBytes ?? 0,
    garbageBytes: 0,
    limitBytes: quotaBytes,
    killBytes: 2 * quotaBytes,
    activeJobs: row.activeJobs ?? 0,
    completedJobs: row.completedJobs ?? 0,
  }));
}
