import { reportFault } from '../diagnostics.ts';
import { afterReading } from '../patience.ts';

export interface LooksOptions {
  /** One look; tells whether each Redis answered. */
  readonly look: () => Promise<boolean>;
  /** Whether workers are held, and looked at the more often. */
  readonly isHolding: () => boolean;
  /** Monotonic ms. */
  readonly nowMs: () => number;
}

/** Between two looks while there is nothing to drain, give or take a tenth, so that processes do not look in step. */
const LOOK_EVERY_MS = 2_000;
/** While workers are held: how late their idleness may be told. */
const LOOK_OFTEN_MS = 500;
/** With no look for so long, a job has kept the event loop busy: the next fetch waits for a look. */
const LOOK_OVERDUE_MS = 3_000;
/** How long a fetch, or the end of a hold, waits for a look: Redis answers within milliseconds once the event loop is free. */
const LOOK_LIMIT_MS = 250;

/**
 * When the key of a drain is looked at: every 2 s, and before the next fetch where a job kept the event loop busy so long that a look is overdue. Between
 * two such jobs the event loop is free for less than an answer takes.
 */
export class Looks {
  readonly #options: LooksOptions;
  #looking: Promise<void> | null = null;
  #lastMs = 0;
  /** Redis was given its time and did not answer: nothing waits for a look until it does. */
  #redisIsSlow = false;
  #timer: NodeJS.Timeout | undefined;
  #isRunning = false;

  constructor(options: LooksOptions) {
    this.#options = options;
  }

  get isRunning(): boolean {
    return this.#isRunning;
  }

  start(): void {
    if (this.#isRunning) return;
    this.#isRunning = true;
    this.#lastMs = this.#options.nowMs();
    this.#later();
  }

  stop(): void {
    this.#isRunning = false;
    clearTimeout(this.#timer);
  }

  isOverdue(): boolean {
    if (!this.#isRunning || this.#redisIsSlow) return false;
    return this.#options.nowMs() - this.#lastMs > LOOK_OVERDUE_MS;
  }

  /** A look, or what of it there is time for on a free event loop. One that is under way already will do. Never rejects. */
  now(): Promise<void> {
    return new Promise((resolve) => {
      const cancel = afterReading(LOOK_LIMIT_MS, () => {
        this.#redisIsSlow = true;
        resolve();
      });
      void this.#look().then(() => {
        cancel();
        resolve();
      });
    });
  }

  #look(): Promise<void> {
    this.#looking ??= this.#lookOnce()
      .catch((error: unknown) => reportFault('the drain', error))
      .finally(() => {
        this.#looking = null;
        if (this.#isRunning) this.#later();
      });
    return this.#looking;
  }

  async #lookOnce(): Promise<void> {
    try {
      if (await this.#options.look()) this.#redisIsSlow = false;
    } finally {
      this.#lastMs = this.#options.nowMs();
    }
  }

  #later(): void {
    const jitter = 0.9 + 0.2 * Math.random();
    const delayMs = this.#options.isHolding() ? LOOK_OFTEN_MS : LOOK_EVERY_MS * jitter;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#look(), delayMs).unref();
  }
}
