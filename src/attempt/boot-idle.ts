import type { Reason } from '../model/decision.ts';
import type { Attempt } from './attempt.ts';
import type { OnDrainTimeout } from './attempt-step.ts';

/** One process of a boot, as its newest point shows it. */
interface DrainingProcess {
  readonly processId: string;
  readonly timeMs: number;
  /** Null where it has reported no job yet: nothing says that it runs workers. */
  readonly activeJobs: number | null;
}

export interface DrainEvidence {
  /** Whether each process that answered is idle, by its id. */
  readonly answers: ReadonlyMap<string, boolean>;
  readonly processes: readonly DrainingProcess[];
  /** When they were first asked, and now (Unix ms). */
  readonly askedAtMs: number;
  readonly nowMs: number;
  /** How long a process may take to its first answer. */
  readonly answerWithinMs: number;
}

/**
 * Whether no job runs in a boot: every process that has workers says so. One that does not answer in time (it uses another Redis, or its
 * instrumentation is older) goes on taking jobs, so a point of it must show none after it was asked. Where no point tells which processes
 * there are, the first to answer may not be the only one: all get the time to. Null where nothing is known of any.
 */
export function isIdle({ answers, processes, askedAtMs, nowMs, answerWithinMs }: DrainEvidence): boolean | null {
  if ([...answers.values()].includes(false)) return false;
  const silent = processes.filter(({ processId, activeJobs }) => activeJobs !== null && !answers.has(processId));
  if (silent.length === 0 && answers.size === 0) return null;
  const hadTime = nowMs - askedAtMs >= answerWithinMs;
  if (silent.length === 0) return processes.length > 0 || hadTime;
  if (!hadTime) return false;
  return silent.every(({ timeMs, activeJobs }) => timeMs > askedAtMs && activeJobs === 0);
}

/** Where these ask, the platform is about to kill the dyno itself, without any grace; or a person wants it. */
const CANNOT_WAIT: ReadonlySet<Reason> = new Set(['hard-limit', 'kill-point', 'max-rss', 'requested']);

/**
 * What becomes of an attempt whose grace is over while jobs run. Bloat and a leak with time left wait for their next chance: jobs longer than the
 * grace would be cut off after SIGTERM's 30 s, and BullMQ fails a job for good that stalls twice. Workers that know nothing of a drain
 * go on taking jobs, so that waiting would never end; to them it is a restart like each day's.
 */
export function onDrainTimeout({ by, reason }: Pick<Attempt, 'by' | 'reason'>, wasAnswered: boolean): OnDrainTimeout {
  return by === 'person' || CANNOT_WAIT.has(reason) || !wasAnswered ? 'go-on' : 'stop';
}
