import { reportFault } from '../diagnostics.ts';
import { dynoIdentity } from '../identity/dyno-identity.ts';
import { DynoProcesses } from './dyno-processes.ts';
import { DynoReporter } from './dyno-reporter.ts';
import { MemoryOfProcesses } from './memory-of-processes.ts';
import type { MemoryAmount, Procfs } from './procfs.ts';
import { TreeReporter } from './tree-reporter.ts';

/**
 * pidusage's default, fixed here: with 0 its read never ends on Linux, and a pidusage environment variable could set
 * that.
 */
const PIDUSAGE_OPTIONS = { maxage: 60_000 };

/** A count that takes longer is answered by an estimate; so are the following reads, until a count is quick again. */
const MAX_COUNT_MS = 1000;

export interface DynoMemoryOptions {
  readonly procfs: Procfs;
  readonly env: Record<string, string | undefined>;
  /** Children known without procfs: the sandboxes of this process's workers. */
  readonly knownChildren: () => readonly number[];
  /**
   * Whether what this process measures would be sent now: a process that cannot send lets another one report the dyno.
   * Never rejects.
   */
  readonly canSend: () => Promise<boolean>;
  /** Prints a sentence for people. */
  readonly say?: (sentence: string) => void;
  /** Where the dyno's processes find each other; the temporary folder by default. */
  readonly folder?: string;
  /** Monotonic, ms. */
  readonly nowMs?: () => number;
}

/**
 * The memory of all processes of this process's dyno, Node or not. Outside a dyno: of this process and its descendants.
 */
export class DynoMemory {
  readonly #options: DynoMemoryOptions;
  readonly #processes: DynoProcesses;
  readonly #memory: MemoryOfProcesses;
  readonly #reporter: DynoReporter | TreeReporter;
  readonly #nowMs: () => number;
  #reading: Promise<MemoryAmount | null> | null = null;
  #counting: Promise<MemoryAmount | null> | null = null;
  #wasSlow = false;
  #isBlind = false;

  constructor(options: DynoMemoryOptions) {
    const { procfs, env, folder, nowMs = () => performance.now() } = options;
    this.#options = options;
    this.#nowMs = nowMs;
    this.#processes = new DynoProcesses(env, procfs, nowMs);
    this.#memory = new MemoryOfProcesses(procfs, nowMs);
    const dyno = dynoIdentity(env, procfs);
    this.#reporter =
      dyno === null
        ? new TreeReporter(env, procfs)
        : new DynoReporter({ dynoId: dyno.id, procfs, ...(folder === undefined ? {} : { folder }) });
  }

  /**
   * Sum over the processes (`MemoryOfProcesses`). Null if another process reports the dyno, or if this one cannot send.
   * Overlapping calls share one read. If the event loop is blocked too often to count pages within a second, it is an
   * estimate.
   */
  read(): Promise<MemoryAmount | null> {
    this.#reading ??= this.#readNow().finally(() => {
      this.#reading = null;
    });
    return this.#reading;
  }

  /** Lets another process of the dyno report. A later `read` of this process takes the role again if it is free. */
  release(): void {
    this.#reporter.release();
    this.#memory.forget();
  }

  async #readNow(): Promise<MemoryAmount | null> {
    if (!(await this.#options.canSend())) {
      this.release();
      return null;
    }
    // Exports may come every second. Who reports, and which processes there are, is looked up every 9 s.
    const sinceCount = await this.#memory.sumSinceCount({ mayPause: !this.#wasSlow });
    if (sinceCount !== null) return sinceCount;
    if (this.#options.procfs.stat(process.pid) === null) return this.#withoutProcfs();
    if (!this.#reporter.isReporter()) return null;
    this.#counting ??= this.#count().finally(() => {
      this.#counting = null;
    });
    const estimate = () => this.#memory.estimate(this.#processes.pidsNow());
    return (this.#wasSlow ? estimate() : await within(MAX_COUNT_MS, this.#counting, estimate)) ?? this.#withoutProcfs();
  }

  /** Never rejects: a count may end when nobody waits for it any more. */
  async #count(): Promise<MemoryAmount | null> {
    const startedMs = this.#nowMs();
    try {
      return await this.#memory.count(await this.#processes.pids());
    } catch (error) {
      reportFault('counting the memory of the dyno', error);
      return null;
    } finally {
      this.#wasSlow = this.#nowMs() - startedMs > MAX_COUNT_MS;
    }
  }

  /**
   * pidusage can ask other systems (`ps`, `wmic`). It reports neither swap nor the process tree: only the known
   * children are added.
   */
  async #withoutProcfs(): Promise<MemoryAmount | null> {
    try {
      const { default: pidusage } = await import('pidusage');
      const statistics = await pidusage([process.pid, ...this.#options.knownChildren()], PIDUSAGE_OPTIONS);
      const processes = Object.values(statistics).filter((process) => Boolean(process));
      return { residentBytes: processes.reduce((total, { memory }) => total + memory, 0), swapBytes: 0 };
    } catch (error) {
      reportFault('reading the memory of other processes', error);
      if (!this.#isBlind) this.#options.say?.(NOT_READABLE);
      this.#isBlind = true;
      return null;
    }
  }
}

const NOT_READABLE =
  "the memory of the dyno's other processes cannot be read: only processes that load Tidemark count, each with its " +
  'own. If node runs with --permission, add --allow-fs-read=/proc/.';

/** The result of `work`, or of `instead` if `work` takes longer. The timer does not keep the process alive. */
async function within<T>(limitMs: number, work: Promise<T>, instead: () => T): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, limitMs).unref();
  });
  const result = await Promise.race([work, late.then(instead)]);
  clearTimeout(timer);
  return result;
}
