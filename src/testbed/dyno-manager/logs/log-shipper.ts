import type { LogEntry } from '../event-log.ts';
import type { LogDrainSpec } from '../options.ts';
import { LogDrain } from './log-drain.ts';
import { type DrainLine, type DynoMemory, eventLines, memoryLines } from './log-lines.ts';

export interface LogShipperOptions {
  readonly drains: readonly LogDrainSpec[];
  readonly metricsEveryMs: number;
  /** The dynos of an app that run, measured now. */
  readonly memoryOf: (app: string) => readonly DynoMemory[];
}

/** Writes the logs of apps to their drains: events, memory, and what the dynos print. */
export class LogShipper {
  readonly #drains: readonly { readonly app: string; readonly drain: LogDrain }[];
  readonly #timer: NodeJS.Timeout;

  constructor({ drains, metricsEveryMs, memoryOf }: LogShipperOptions) {
    this.#drains = drains.map(({ app, url, repeatEvery = 0, onBody }) => ({
      app,
      drain: new LogDrain({ url, repeatEvery, ...(onBody === undefined ? {} : { onBody }) }),
    }));
    const apps = [...new Set(drains.map(({ app }) => app))];
    this.#timer = setInterval(() => {
      const nowMs = Date.now();
      for (const app of apps)
        this.#write(
          app,
          memoryOf(app).flatMap((memory) => memoryLines(memory, nowMs)),
        );
    }, metricsEveryMs);
  }

  onEvent(entry: LogEntry): void {
    this.#write(entry.app, eventLines(entry));
  }

  onOutput(message: string, { app, dyno }: { readonly app: string; readonly dyno: string }): void {
    this.#write(app, [{ timeMs: Date.now(), from: `app ${dyno}`, message }]);
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await Promise.all(this.#drains.map(({ drain }) => drain.stop()));
  }

  #write(app: string, lines: readonly DrainLine[]): void {
    if (lines.length === 0) return;
    for (const one of this.#drains) if (one.app === app) one.drain.write(lines);
  }
}
