import type { JobTicket } from '../attribution/job-ticket.ts';
import type { JobOutcome } from './job-outcome.ts';
import type { JobKind } from './job-series.ts';
import type { ExitReason, SandboxRun } from './sandbox-children.ts';

export interface JobIdentity {
  readonly queue: string;
  readonly name: string;
  /** In a child process this process's memory does not tell of it; a thread shares it. Null: no sandboxed processor. */
  readonly sandbox: 'process' | 'thread' | null;
}

/** RSS at a start or an end: bytes, or null where it was not read. */
export type BoundaryReading = number | null;

/** One run of a job, from the start of its processor to its end. Opaque but for `sandbox`: only the monitor writes to it. */
export class JobRun {
  readonly job: JobIdentity;
  /** Null for a job that is not sandboxed. */
  readonly sandbox: SandboxRun | null;
  /** Monotonic, as `endedAtMs`. */
  readonly startedAtMs: number;
  readonly startRssBytes: BoundaryReading;
  /** It is so near to the last reading that it counts as made at it. */
  readonly startsAtLastReading: boolean;
  /** What follows is not known before its end. */
  endedAtMs = 0;
  endRssBytes: BoundaryReading = null;
  outcome: JobOutcome | null = null;
  sandboxExit: ExitReason | null = null;
  /** What follows is not known before its start has been worked out. */
  hasStarted = false;
  kind: JobKind | null = null;
  /** Also null for a job in a child process. */
  ticket: JobTicket | null = null;

  constructor(
    job: JobIdentity,
    sandbox: SandboxRun | null,
    startedAtMs: number,
    startRssBytes: BoundaryReading,
    startsAtLastReading: boolean,
  ) {
    this.job = job;
    this.sandbox = sandbox;
    this.startedAtMs = startedAtMs;
    this.startRssBytes = startRssBytes;
    this.startsAtLastReading = startsAtLastReading;
  }
}
