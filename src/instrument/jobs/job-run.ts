import type { MemoryReading } from '../attribution/memory-reading.ts';
import type { RunningJob } from '../attribution/running-job.ts';
import type { JobNameStats } from './job-name-stats.ts';
import type { JobOutcome } from './job-outcome.ts';
import type { ExitReason, SandboxRun } from './sandbox-children.ts';

export interface JobIdentity {
  readonly queue: string;
  readonly name: string;
  /** A child process has its own memory; a thread shares this process's. Null if the processor is not sandboxed. */
  readonly sandbox: 'process' | 'thread' | null;
}

/**
 * One run of a job, from the start of its processor to its end. Only `JobMonitor` writes to it; others read `sandbox`.
 */
export class JobRun {
  readonly job: JobIdentity;
  /** Null for a job that is not sandboxed. */
  readonly sandbox: SandboxRun | null;
  /** Monotonic ms, like `endedAtMs`. */
  readonly startedAtMs: number;
  /** Null if memory was not read at the start. */
  readonly startReading: MemoryReading | null;
  /** It started so soon after the last reading that it counts as started at it. */
  readonly startsAtLastReading: boolean;
  /** The next fields are set at the end of the job. */
  endedAtMs = 0;
  endReading: MemoryReading | null = null;
  outcome: JobOutcome | null = null;
  /** Null unless the outcome is `failed`. */
  errorType: string | null = null;
  sandboxExit: ExitReason | null = null;
  /** How long it took in the worker thread that ran it, ms; null for a job of this thread. */
  threadMs: number | null = null;
  /** The next fields are set when its start is processed. */
  hasStarted = false;
  stats: JobNameStats | null = null;
  /** Also null for a job in a child process. */
  running: RunningJob | null = null;

  constructor(
    job: JobIdentity,
    sandbox: SandboxRun | null,
    startedAtMs: number,
    startReading: MemoryReading | null,
    startsAtLastReading: boolean,
  ) {
    this.job = job;
    this.sandbox = sandbox;
    this.startedAtMs = startedAtMs;
    this.startReading = startReading;
    this.startsAtLastReading = startsAtLastReading;
  }

  get durationMs(): number {
    return this.threadMs ?? this.endedAtMs - this.startedAtMs;
  }
}
