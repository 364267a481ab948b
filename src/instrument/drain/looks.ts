import { reportFault } from '../diagnostics.ts';
import { afterReading } from '../patience.ts';

export interface LooksOptions {
  /** Checks once; resolves with whether every Redis answered. */
  readonly look: () => Promise<boolean>;
  /** Whether workers are held: then the key is checked more often. */
  readonly isHolding: () => boolean;
  /** Monotonic, ms. */
  readonly nowMs: () => number;
}

/** Between two checks while nothing is drained, plus or minus 10 %, so that processes do not check in step. */
const LOOK_EVERY_MS = 2_000;
/** Between two checks while workers are held: how late their idleness may be reported. */
const LOOK_OFTEN_MS = 500;
/** With no check for this long, a job has kept the event loop busy: the next fetch waits for a check. */
const LOOK_OVERDUE_MS = 3_000;
/**
 * How long a fetch, or the end of a hold, waits for a check: Redis answers within milliseconds once the event loop is
 * free.
 */
const LOOK_LIMIT_MS = 250;

/**
 * Decides when the drain key is checked: every 2 s; before the first fetch, because the process or thread may have
 * begun during a drain; and before the next fetch if a job has blocked the event loop until a check was overdue.
 * Between two such jobs, the event loop is free for less time than an answer takes.
 */
export class Looks {
  readonly #options: LooksOptions;
  #looking: Promise<void> | null = null;
  #lastMs = Number.NEGATIVE_INFINITY;
  /** Redis did not answer within the limit: nothing waits for a check until it answers. */
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
    this.#lastMs = Number.NEGATIVE_INFINITY;
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

  /**
   * Checks the key, waiting a limited time on a free event loop. If a check is under way, waits for that one. Never
   * rejects.
   */
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
