import type { Reason } from '../model/decision.ts';
import type { Attempt } from './attempt.ts';
import type { OnDrainTimeout } from './attempt-step.ts';

/** One process of a boot, from its newest point. */
interface DrainingProcess {
  readonly processId: string;
  readonly timeMs: number;
  /** Null where it has reported no job yet: it may run no workers. */
  readonly activeJobs: number | null;
}

export interface DrainEvidence {
  /** By process id: true where that process answered that it is idle. */
  readonly answers: ReadonlyMap<string, boolean>;
  readonly processes: readonly DrainingProcess[];
  /** When the workers were first asked, and now (Unix ms). */
  readonly askedAtMs: number;
  readonly nowMs: number;
  /** How long a process may take to its first answer. */
  readonly answerWithinMs: number;
}

/**
 * Whether no job runs in a boot: every process with workers must say so. A process that does not answer in time (it
 * uses another Redis, or an older instrumentation) keeps taking jobs, so one of its points after the question must show
 * none. If no point shows which processes exist, the first answer may not be the only one, so all get their time. Null
 * where nothing is known of any process.
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

/** For these reasons the platform is about to kill the dyno, without any grace, or a person asked. */
const CANNOT_WAIT: ReadonlySet<Reason> = new Set(['hard-limit', 'kill-point', 'max-rss', 'requested']);

/**
 * What to do when the grace is over and jobs still run. Bloat, and a leak with time left, stop and wait for the next
 * chance: longer jobs would be cut off 30 s after SIGTERM, and BullMQ fails a job for good if it stalls twice. Workers
 * that know no drain never stop taking jobs, so waiting would never end: for them the restart continues, like the
 * platform's daily one.
 *
 * @param knowNoDrain the workers were asked, and none has answered in time. It is not known where they could not be
 *   asked, or where this process came too late to ask.
 */
export function onDrainTimeout({ by, reason }: Pick<Attempt, 'by' | 'reason'>, knowNoDrain: boolean): OnDrainTimeout {
  return by === 'person' || CANNOT_WAIT.has(reason) || knowNoDrain ? 'go-on' : 'stop';
}
