import type { Subject } from '../subject.ts';

/** A kind of problem is not repeated sooner than this. */
const SAY_AGAIN_AFTER_MS = 60 * 60_000;

/** Why measurements do not arrive. */
export interface ExportProblem {
  /** From a short closed list: each kind is printed separately. */
  readonly kind: string;
  /** What happened and what a person can do. */
  readonly sentence: string;
}

export interface ExportLogOptions {
  readonly say: (sentence: string) => void;
  readonly subject: Subject;
  /** `https://my-tidemark-0123456789ab.herokuapp.com` */
  readonly destination: string;
  readonly intervalMs: number;
  /** Monotonic, ms. */
  readonly nowMs?: () => number;
}

/**
 * Prints what happens to the exports: the first success, each kind of problem at most once an hour, and the recovery
 * from a problem that was printed.
 */
export class ExportLog {
  readonly #options: ExportLogOptions;
  readonly #nowMs: () => number;
  readonly #saidAtMs = new Map<string, number>();
  #isAnnounced = false;
  #failingSinceMs: number | null = null;
  /** Whether the current failure was printed. */
  #isFailureSaid = false;

  constructor(options: ExportLogOptions) {
    this.#options = options;
    this.#nowMs = options.nowMs ?? (() => performance.now());
  }

  /** A whole export arrived. */
  succeeded(): void {
    const { say, subject, destination, intervalMs } = this.#options;
    const reporting = `reporting ${subject.name} to ${destination}`;
    if (!this.#isAnnounced) say(`${reporting} every ${seconds(intervalMs)} s${subject.lacks}`);
    else if (this.#failingSinceMs !== null && this.#isFailureSaid) {
      say(`${reporting} again after ${span(this.#nowMs() - this.#failingSinceMs)}`);
    }
    this.#isAnnounced = true;
    this.#failingSinceMs = null;
    this.#isFailureSaid = false;
  }

  /** An export did not arrive, or not all of it. */
  failed(problem: ExportProblem): void {
    this.#failingSinceMs ??= this.#nowMs();
    this.#isFailureSaid = this.#sayOnce(problem) || this.#isFailureSaid;
  }

  /** Something that a person must know about exports that do arrive. */
  noticed(problem: ExportProblem): void {
    this.#sayOnce(problem);
  }

  #sayOnce({ kind, sentence }: ExportProblem): boolean {
    const saidAtMs = this.#saidAtMs.get(kind);
    const nowMs = this.#nowMs();
    if (saidAtMs !== undefined && nowMs - saidAtMs < SAY_AGAIN_AFTER_MS) return false;
    this.#saidAtMs.set(kind, nowMs);
    this.#options.say(sentence);
    return true;
  }
}

function seconds(ms: number): string {
  return String(Math.round(ms / 100) / 10);
}

/** `40 s`, `12 min`, `3 h` */
function span(ms: number): string {
  if (ms < 100_000) return `${Math.round(ms / 1000)} s`;
  return ms < 100 * 60_000 ? `${Math.round(ms / 60_000)} min` : `${Math.round(ms / 3_600_000)} h`;
}
