import { setTimeout as delay } from 'node:timers/promises';
import type { Log } from '../report/log.ts';

export interface LoopOptions {
  /** Done one after the other in every round. */
  readonly steps: readonly (() => Promise<void>)[];
  /** Between the end of one round and the start of the next. */
  readonly everyMs: number;
  /** The first round waits for it: before Redis is connected it could only warn that it is not. */
  readonly ready: Promise<unknown>;
  readonly log: Pick<Log, 'error'>;
}

/**
 * Repeats the steps until it is stopped. A step that fails ends its round with a line in the log; the next round starts
 * over.
 */
export function runLoop({ steps, everyMs, ready, log }: LoopOptions): { stop(): Promise<void> } {
  const ended = new AbortController();
  const stopped = new Promise<void>((resolve) => ended.signal.addEventListener('abort', () => resolve()));
  const run = async () => {
    await Promise.race([ready, stopped]);
    while (!ended.signal.aborted) {
      try {
        for (const step of steps) await step();
      } catch (error) {
        log.error('a tick failed; the next one starts over', {
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
