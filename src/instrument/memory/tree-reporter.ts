import type { Procfs } from './procfs.ts';

/**
 * Set in the environment of a process outside a dyno, and so inherited by what it starts: a process below it must not
 * count the same memory again. Not named like a setting, because it is none.
 */
const REPORTER_VARIABLE = '__TIDEMARK_TREE_REPORTER';

/** Outside a dyno, each process that loads Tidemark reports itself and what is below it, unless one above it does. */
export class TreeReporter {
  readonly #procfs: Procfs;
  /** The process above this one that reports, or 0. */
  readonly #reporterPid: number;

  constructor(env: Record<string, string | undefined>, procfs: Procfs) {
    this.#procfs = procfs;
    this.#reporterPid = Number(env[REPORTER_VARIABLE] ?? 0);
    env[REPORTER_VARIABLE] = String(process.pid);
  }

  async isReporter(): Promise<boolean> {
    // A set, because a pid that is used again during the look could close a circle.
    const above = new Set<number>();
    let pid = this.#parentOf(process.pid);
    while (pid > 0 && !above.has(pid)) {
      above.add(pid);
      pid = this.#parentOf(pid);
    }
    return !above.has(this.#reporterPid);
  }

  release(): void {}

  #parentOf(pid: number): number {
    return this.#procfs.stat(pid)?.parentPid ?? 0;
  }
}
