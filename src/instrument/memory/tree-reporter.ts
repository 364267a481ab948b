import type { Procfs } from './procfs.ts';

/**
 * Set in the environment of a process outside a dyno, and inherited by its children, which must not count the same
 * memory again. It is not a setting, so it is not named like one.
 */
const REPORTER_VARIABLE = '__TIDEMARK_TREE_REPORTER';

/** Outside a dyno, each process that loads Tidemark reports itself and its descendants, unless an ancestor does so. */
export class TreeReporter {
  readonly #procfs: Procfs;
  /** The ancestor that reports, or 0. */
  readonly #reporterPid: number;

  constructor(env: Record<string, string | undefined>, procfs: Procfs) {
    this.#procfs = procfs;
    this.#reporterPid = Number(env[REPORTER_VARIABLE] ?? 0);
    env[REPORTER_VARIABLE] = String(process.pid);
  }

  isReporter(): boolean {
    // A set, because a pid that is reused during the scan could form a loop.
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
