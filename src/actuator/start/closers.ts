import type { Log } from '../report/log.ts';

type Close = () => unknown;

/**
 * What was opened, to be closed in the reverse order: by a stop, and by a start that fails halfway, which would otherwise leave connections
 * behind that keep the process running. A part that fails to close is logged, and the others are closed all the same.
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
