import { reportFault } from '../diagnostics.ts';
import type { MemoryAmount, Procfs } from './procfs.ts';

/**
 * Set in the environment of the process that reports its tree, and so inherited by what it starts: a process below a reporter must
 * not count the same memory again. Not named like a setting, because it is none.
 */
const REPORTER_VARIABLE = '__TIDEMARK_TREE_REPORTER';

/** Its default, fixed here: with 0 it reads for ever on Linux, and an environment variable of its own could say so. */
const PIDUSAGE_OPTIONS = { maxage: 60_000 };

export interface TreeMemoryOptions {
  readonly procfs: Procfs;
  readonly env: Record<string, string | undefined>;
  /** Children known without procfs: the sandboxes of this process's workers. */
  readonly knownChildren: () => readonly number[];
}

/** What all processes below this one use, this one included, Node or not. */
export class TreeMemory {
  readonly #options: TreeMemoryOptions;
  /** The reporter above this process when it started, or 0. */
  readonly #reporterPid: number;

  constructor(options: TreeMemoryOptions) {
    this.#options = options;
    this.#reporterPid = Number(options.env[REPORTER_VARIABLE] ?? 0);
    if (!Number.isInteger(this.#reporterPid) || this.#reporterPid === process.pid) this.#reporterPid = 0;
    options.env[REPORTER_VARIABLE] = String(process.pid);
  }

  /**
   * Sum over the tree, shared pages counted once where the kernel tells (Pss); null where a process above reports this one's memory
   * with its own. Reads a few files per process in the thread pool: the event loop is not blocked while the kernel walks the pages.
   */
  async read(): Promise<MemoryAmount | null> {
    const parents = await this.#options.procfs.parents();
    if (!parents.has(process.pid)) return this.#withoutProcfs();
    if (this.#reporterPid !== 0 && isAncestor(this.#reporterPid, parents)) return null;
    const amounts = await Promise.all(descendants(parents).map((pid) => this.#options.procfs.memory(pid)));
    const readable = amounts.filter((amount) => amount !== null);
    return readable.length === 0 ? this.#withoutProcfs() : sum(readable);
  }

  /** pidusage knows how to ask other systems (`ps`, `wmic`); it tells no swap, and no tree: only the known children are added. */
  async #withoutProcfs(): Promise<MemoryAmount | null> {
    try {
      const { default: pidusage } = await import('pidusage');
      const statistics = await pidusage([process.pid, ...this.#options.knownChildren()], PIDUSAGE_OPTIONS);
      const processes = Object.values(statistics).filter((process) => Boolean(process));
      return sum(processes.map(({ memory }) => ({ residentBytes: memory, swapBytes: 0 })));
    } catch (error) {
      reportFault('reading the memory of other processes', error);
      return null;
    }
  }
}

function isAncestor(candidate: number, parents: ReadonlyMap<number, number>): boolean {
  const chain = new Set<number>();
  for (let pid = parents.get(process.pid) ?? 0; pid > 0 && !chain.has(pid); pid = parents.get(pid) ?? 0) chain.add(pid);
  return chain.has(candidate);
}

/** This process and all below it. A set, because a pid that was reused while /proc was read could close a circle. */
function descendants(parents: ReadonlyMap<number, number>): readonly number[] {
  const children = new Map<number, number[]>();
  for (const [pid, parent] of parents) children.set(parent, [...(children.get(parent) ?? []), pid]);
  const found = new Set([process.pid]);
  for (const pid of found) for (const child of children.get(pid) ?? []) found.add(child);
  return [...found];
}

function sum(amounts: readonly MemoryAmount[]): MemoryAmount {
  let residentBytes = 0;
  let swapBytes = 0;
  for (const amount of amounts) {
    residentBytes += amount.residentBytes;
    swapBytes += amount.swapBytes;
  }
  return { residentBytes, swapBytes };
}
