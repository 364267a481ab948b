import { reportFault } from '../diagnostics.ts';

/** After a worker has begun to work it is looked at soon, and less and less often while it goes on. */
const SOONEST_MS = 50;
const LATEST_MS = 1000;
const FACTOR = 1.5;

/**
 * Has the memory looked at while jobs run, so that what a long job takes and gives back before it ends is seen too.
 * Nothing is done while none runs, and its timer keeps no process alive. A look costs some microseconds: at most 20 a
 * second, one a second in the long run.
 */
export class MemorySampler {
  /** Takes a reading; returns whether any job runs. */
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
        reportFault('looking at the memory of running jobs', error);
      }
    }, delayMs).unref();
  }
}
