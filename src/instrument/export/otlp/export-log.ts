import type { Subject } from '../subject.ts';

/** A kind of problem is said again no sooner than this. */
const SAY_AGAIN_AFTER_MS = 60 * 60_000;

/** Why measurements do not arrive. */
export interface ExportProblem {
  /** From a short closed list: each kind is said by itself. */
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
  /** Monotonic. */
  readonly nowMs?: () => number;
}

/** Says what becomes of the exports: the first success, each kind of problem once an hour at most, and the recovery from one that was said. */
export class ExportLog {
  readonly #options: ExportLogOptions;
  readonly #nowMs: () => number;
  readonly #saidAtMs = new Map<string, number>();
  #isAnnounced = false;
  #failingSinceMs: number | null = null;
  /** Whether a person has read of the failure that lasts now. */
  #isFailureSaid = false;

  constructor(options: ExportLogOptions) {
    this.#options = options;
    this.#nowMs = options.nowMs ?? (() => performance.now());
  }

  /** An export arrived, all of it. */
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

  /** Something that a person has to know of exports that arrive. */
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
