import { reportFault } from '../diagnostics.ts';

/** After the first job has begun, memory is read soon, then less and less often while jobs go on. */
const SOONEST_MS = 50;
const LATEST_MS = 1000;
const FACTOR = 1.5;

/**
 * Has the memory read while jobs run, so that memory is seen which a long job takes and gives back before it ends. It
 * does nothing while no job runs, and its timer does not keep the process alive. A reading takes some microseconds;
 * there are at most 20 a second, and one a second in the long run.
 */
export class MemorySampler {
  /** Reads the memory; returns whether any job runs. */
  readonly #sample: () => boolean;
  #timer: NodeJS.Timeout | null = null;

  constructor(sample: () => boolean) {
    this.#sample = sample;
  }

  /** A job has begun. The caller must report at least the first one after a sample that found none. */
  jobBegins(): void {
    if (this.#timer === null) this.#wait(SOONEST_MS);
  }

  stop(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }

  #wait(delayMs: number): void {
    this.#timer = setTimeout(() => {
      this.#timer = null;
      try {
        if (this.#sample()) this.#wait(Math.min(LATEST_MS, delayMs * FACTOR));
      } catch (error) {
        reportFault('reading the memory of running jobs', error);
      }
    }, delayMs).unref();
  }
}
