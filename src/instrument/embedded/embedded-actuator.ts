import { randomUUID } from 'node:crypto';
import type { EmbeddedStart } from '../../shared/embedded-messages.ts';
import { embeddedLeaderKey, HOLD_LEAD } from '../../shared/leader-key.ts';
import type { BorrowedRedis, RedisScript } from '../bullmq/borrowed-redis.ts';
import { guarded } from '../diagnostics.ts';

/** What a thread of the actuator is to its process. */
export interface ActuatorThread {
  stop(): void;
}

export interface EmbeddedActuatorOptions {
  readonly target: { readonly app: string; readonly processType: string };
  /** A worker's connection; null if there is none now. */
  readonly redis: () => BorrowedRedis | null;
  /** Starts the thread. `onEnd` is called once; `isFinal`: it will never be able to run here. */
  readonly startThread: (start: EmbeddedStart, onEnd: (isFinal: boolean) => void) => ActuatorThread;
  /** Monotonic, ms. */
  readonly nowMs: () => number;
}

/** How often a process that does not lead tries for the key, plus or minus 10 %. */
const TRY_EVERY_MS = 5_000;
/** Until the thread renews the key itself. */
const START_LEASE_MS = 20_000;
/** A thread that ended sooner is started again after a while that doubles. */
const SHORT_LIFE_MS = 60_000;
const LONGEST_PAUSE_MS = 10 * 60_000;

const TRY: RedisScript = { name: 'tidemark:try-lead', lua: HOLD_LEAD };

/**
 * Of all processes of a target one runs the actuator, in a thread. The others only try for the leader key, on the
 * connection that BullMQ has: that is all it costs them.
 */
export class EmbeddedActuator {
  readonly #options: EmbeddedActuatorOptions;
  readonly #key: string;
  readonly #leaderId = randomUUID();
  #thread: ActuatorThread | null = null;
  #timer: NodeJS.Timeout | undefined;
  #isRunning = false;
  #pauseMs = 0;

  constructor(options: EmbeddedActuatorOptions) {
    this.#options = options;
    this.#key = embeddedLeaderKey(options.target);
  }

  /** A worker runs in this process. */
  start(): void {
    if (this.#isRunning) return;
    this.#isRunning = true;
    this.#later();
  }

  /** The last worker has closed: another process may lead. */
  stop(): void {
    this.#isRunning = false;
    clearTimeout(this.#timer);
    this.#thread?.stop();
  }

  #later(pauseMs = 0): void {
    clearTimeout(this.#timer);
    const delayMs = Math.max(pauseMs, TRY_EVERY_MS * (0.9 + 0.2 * Math.random()));
    this.#timer = setTimeout(() => void this.#try(), delayMs).unref();
  }

  async #try(): Promise<void> {
    if (!this.#isRunning || this.#thread !== null) return;
    // No answer is no lead. BullMQ reports a Redis that is away.
    const isOurs = await this.#takeLead().catch(() => false);
    if (!this.#isRunning) return;
    if (isOurs) guarded('starting the actuator', () => this.#begin());
    if (this.#thread === null) this.#later(this.#pauseMs);
  }

  async #takeLead(): Promise<boolean> {
    const redis = this.#options.redis();
    if (redis === null) return false;
    return (await redis.evaluate(TRY, [this.#key], [this.#leaderId, String(START_LEASE_MS)])) === 1;
  }

  #begin(): void {
    const { target, startThread, nowMs } = this.#options;
    const beganMs = nowMs();
    const { app, processType } = target;
    this.#thread = startThread({ app, processType, leaderId: this.#leaderId }, (isFinal) => {
      this.#thread = null;
      if (isFinal) this.#isRunning = false;
      if (!this.#isRunning) return;
      const wasShort = nowMs() - beganMs < SHORT_LIFE_MS;
      this.#pauseMs = wasShort ? Math.min(LONGEST_PAUSE_MS, Math.max(TRY_EVERY_MS, 2 * this.#pauseMs)) : 0;
      this.#later(this.#pauseMs);
    });
  }
}
