import { startedInDyno } from '../identity/dyno-identity.ts';
import type { Procfs } from './procfs.ts';

/** PID 1 of a container is the process that the container was started with. */
const INIT_PID = 1;

/**
 * Finds the processes of this process's dyno, whoever started them: npm, process managers, agents from `.profile.d`,
 * browsers whose launcher has died.
 *
 * - PID 1 has the dyno's environment: this is the dyno's own container, and every process in it counts.
 * - PID 1 does not, or cannot be read: the machine may run other things, even other dynos. Then every process that was
 *   started with the dyno's environment counts, and all their descendants.
 * - There is no dyno (`DYNO` is not set): only this process and its descendants count.
 */
export class DynoProcesses {
  readonly #env: Readonly<Record<string, string | undefined>>;
  readonly #procfs: Procfs;
  /** Looked up once: PID 1 does not change during the life of its container. */
  #isContainer: boolean | null = null;

  constructor(env: Readonly<Record<string, string | undefined>>, procfs: Procfs) {
    this.#env = env;
    this.#procfs = procfs;
  }

  /** Each pid once, including this process. */
  async pids(): Promise<ReadonlySet<number>> {
    this.#isContainer ??= startedInDyno(INIT_PID, this.#env, this.#procfs);
    const found = new Set([process.pid]);
    const children = new Map<number, number[]>();
    for await (const pid of this.#procfs.pids()) {
      if (this.#isContainer || startedInDyno(pid, this.#env, this.#procfs)) found.add(pid);
      else this.#noteParent(pid, children);
    }
    // Iterating a set also visits pids added meanwhile, each once.
    for (const pid of found) for (const child of children.get(pid) ?? []) found.add(child);
    return found;
  }

  #noteParent(pid: number, children: Map<number, number[]>): void {
    const parentPid = this.#procfs.stat(pid)?.parentPid;
    if (parentPid === undefined) return;
    const siblings = children.get(parentPid);
    if (siblings === undefined) children.set(parentPid, [pid]);
    else siblings.push(pid);
  }
}
