import type { Log } from '../report/log.ts';

type Close = () => unknown;

/**
 * Closes what was opened, in reverse order: at a stop, and at a start that fails halfway, whose connections would
 * otherwise keep the process running. A part that fails to close is logged, and the others are still closed.
 */
export class Closers {
  readonly #log: Log;
  readonly #closes: Close[] = [];

  constructor(log: Log) {
    this.#log = log;
  }

  add(close: Close): void {
    this.#closes.push(close);
  }

  async closeAll(): Promise<void> {
    for (const close of this.#closes.splice(0).reverse()) {
      try {
        await close();
      } catch (error) {
        this.#log.error('a part could not be closed', { error: error instanceof Error ? error.stack : String(error) });
      }
    }
  }
}
