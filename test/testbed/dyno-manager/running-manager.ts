import { createHerokuPlatform } from '../../../src/adapters/heroku/platform.ts';
import type { LogEntry } from '../../../src/testbed/dyno-manager/event-log.ts';
import { type DynoManager, startDynoManager } from '../../../src/testbed/dyno-manager/manager.ts';
import type { DynoManagerOptions } from '../../../src/testbed/dyno-manager/options.ts';

export const TOKEN = 'demo-token';

/** The smallest program for a dyno. */
export function node(script: string): readonly string[] {
  return [process.execPath, '-e', script];
}

/** Prints `ready`, and ends at SIGTERM. */
export const OBEDIENT = node(
  `process.on('SIGTERM', () => process.exit(0)); setInterval(() => {}, 1000); console.log('ready');`,
);
/** Prints `ready`, and ignores SIGTERM. */
export const STUBBORN = node(
  `process.on('SIGTERM', () => console.log('no')); setInterval(() => {}, 1000); console.log('ready');`,
);

interface Line {
  readonly line: string;
  readonly dyno: string;
  readonly dynoId: string;
}

/** A manager, and ways to wait for its output and its log. */
export interface RunningManager {
  readonly manager: DynoManager;
  readonly platform: ReturnType<typeof createHerokuPlatform>;
  /** The first line, past or future, that meets the condition. */
  line(condition: (line: Line) => boolean): Promise<Line>;
  /** The first entry of the log, past or future, that meets the condition. */
  event(condition: (entry: LogEntry) => boolean): Promise<LogEntry>;
}

export async function startManager(
  options: Pick<DynoManagerOptions, 'apps'> & Partial<DynoManagerOptions>,
): Promise<RunningManager> {
  const lines = new Waitable<Line>();
  const events = new Waitable<LogEntry>();
  const manager = await startDynoManager({
    token: TOKEN,
    output: (line, { dyno, dynoId }) => lines.add({ line, dyno, dynoId }),
    log: (entry) => events.add(entry),
    ...options,
  });
  return {
    manager,
    platform: createHerokuPlatform({ token: TOKEN, apiUrl: manager.url }),
    line: (condition) => lines.first(condition),
    event: (condition) => events.first(condition),
  };
}

/** A sequence of events in which a test can wait for one by a condition. */
class Waitable<T> {
  readonly #items: T[] = [];
  readonly #waiting = new Set<(item: T) => void>();

  add(item: T): void {
    this.#items.push(item);
    for (const waiter of this.#waiting) waiter(item);
  }

  first(condition: (item: T) => boolean): Promise<T> {
    const found = this.#items.find(condition);
    if (found !== undefined) return Promise.resolve(found);
    return new Promise((resolve) => {
      const waiter = (item: T): void => {
        if (!condition(item)) return;
        this.#waiting.delete(waiter);
        resolve(item);
      };
      this.#waiting.add(waiter);
    });
  }
}

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
