import { setTimeout as delay } from 'node:timers/promises';
import type { Clock } from '../ports.ts';
import type { ActuatorParts } from './parts.ts';
import type { Standings } from './report/standings.ts';
import { tick } from './tick.ts';

const SHORTEST_TICK_MS = 250;
const LONGEST_TICK_MS = 10_000;

/** Acts only after leading for a full window: what it decides then rests on points of its own. */
export class Leadership {
  readonly #clock: Clock;
  readonly #watchMs: number;
  readonly #isLeader: () => boolean;
  #sinceMs: number | null = null;

  constructor(clock: Clock, watchMs: number, isLeader: () => boolean) {
    this.#clock = clock;
    this.#watchMs = watchMs;
    this.#isLeader = isLeader;
  }

  leads(): boolean {
    const leads = this.#isLeader();
    if (!leads) this.#sinceMs = null;
    else this.#sinceMs ??= this.#clock.monotonic();
    return leads;
  }

  mayAct(): boolean {
    return this.leads() && this.#sinceMs !== null && this.#clock.monotonic() - this.#sinceMs >= this.#watchMs;
  }
}

export interface LoopOptions {
  readonly parts: ActuatorParts;
  /** Refreshed after each tick. */
  readonly standings: Pick<Standings, 'refresh'>;
  /** The first tick waits for it: before Redis is connected it could only warn that it is not. */
  readonly ready: Promise<unknown>;
}

/** Runs ticks until told to stop. A tick that fails is logged and made good by the next one: the loop itself never ends by a fault. */
export function runLoop({ parts, standings, ready }: LoopOptions): { stop(): Promise<void> } {
  const ended = new AbortController();
  const everyMs = Math.min(LONGEST_TICK_MS, Math.max(SHORTEST_TICK_MS, parts.policy.windowMs / 4));
  const stopped = new Promise<void>((resolve) => ended.signal.addEventListener('abort', () => resolve()));
  const run = async () => {
    await Promise.race([ready, stopped]);
    while (!ended.signal.aborted) {
      try {
        await tick(parts);
        await standings.refresh();
      } catch (error) {
        parts.log.error('a tick failed; the next one starts afresh', {
          error: error instanceof Error ? error.stack : String(error),
        });
      }
      await delay(everyMs, undefined, { signal: ended.signal }).catch(() => undefined);
    }
  };
  const running = run();
  return {
    stop: () => {
      ended.abort();
      return running;
    },
  };
}
