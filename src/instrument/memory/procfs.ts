import { closeSync, openSync, readFileSync, readSync } from 'node:fs';
import { open, readdir } from 'node:fs/promises';
import { setImmediate } from 'node:timers/promises';

/** Linux counts process times in 1/100 s (USER_HZ) on every architecture that Node runs on. */
const MS_PER_TICK = 10;

/**
 * Enough for a whole `stat`, `status` or `smaps_rollup`. `readFile` takes 64 KiB for a file of unknown size, and those of one look at all processes
 * were kept until garbage was collected: some 2 MB of RSS with 70 processes.
 */
const FILE_BYTES = 4096;
/** Of some 10 us each. Then others may run. */
const FILES_AT_ONCE = 50;

/** What is needed of /proc/<pid>/stat; see proc_pid_stat(5). */
interface ProcessStat {
  readonly parentPid: number;
  /** Clock ticks from the kernel's start to the process's. */
  readonly startTicks: number;
}

export interface MemoryAmount {
  readonly residentBytes: number;
  readonly swapBytes: number;
}

/** Fields 4 and 22 of a stat line. The second field, the name, may itself hold spaces and brackets. */
function parseStat(text: string): ProcessStat | null {
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const parentPid = Number(fields[1]);
  const startTicks = Number(fields[19]);
  return fields.length > 19 && Number.isInteger(parentPid) && Number.isInteger(startTicks)
    ? { parentPid, startTicks }
    : null;
}

/** `Name:   123 kB` in bytes; null where the line is missing. */
function kilobytesOf(text: string, name: string): number | null {
  const match = new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(text);
  return match === null ? null : Number(match[1]) * 1024;
}

/** Pss and SwapPss: a page that n processes share counts 1/n in each, so that sums over processes count it once. */
function parseSmapsRollup(text: string): MemoryAmount | null {
  const residentBytes = kilobytesOf(text, 'Pss');
  return residentBytes === null ? null : { residentBytes, swapBytes: kilobytesOf(text, 'SwapPss') ?? 0 };
}

/** VmRSS and VmSwap: shared pages count fully in every process. */
function parseStatus(text: string): MemoryAmount | null {
  const residentBytes = kilobytesOf(text, 'VmRSS');
  return residentBytes === null ? null : { residentBytes, swapBytes: kilobytesOf(text, 'VmSwap') ?? 0 };
}

/** A procfs, mounted at `root`. What cannot be read is null: processes end while one looks, and containers hide files. */
export class Procfs {
  readonly #root: string;
  readonly #buffer = Buffer.alloc(FILE_BYTES);

  constructor(root = '/proc') {
    this.#root = root;
  }

  stat(pid: number): ProcessStat | null {
    const text = this.#readShortNow(`${pid}/stat`);
    return text === null ? null : parseStat(text);
  }

  /** Unix ms at which a process started: the kernel's boot time (whole seconds) + the process's ticks. */
  startTimeMs(pid: number): number | null {
    const stat = this.stat(pid);
    const bootSeconds = /^btime (\d+)$/m.exec(this.#readNow('stat') ?? '')?.[1];
    return stat === null || bootSeconds === undefined
      ? null
      : Number(bootSeconds) * 1000 + stat.startTicks * MS_PER_TICK;
  }

  /** A variable of the environment that the process was started with; null where it has none or may not be read. */
  environment(pid: number, name: string): string | null {
    const entries = (this.#readNow(`${pid}/environ`) ?? '').split('\0');
    return entries.find((entry) => entry.startsWith(`${name}=`))?.slice(name.length + 1) ?? null;
  }

  /** The files that are mapped into this process, a line each; null where they cannot be read. */
  ownMaps(): string | null {
    return this.#readNow('self/maps');
  }

  /** Changes with every start of the kernel. */
  bootId(): string | null {
    return this.#readNow('sys/kernel/random/boot_id')?.trim() ?? null;
  }

  /** Parent of every process that can be seen; empty where there is no procfs. */
  async parents(): Promise<ReadonlyMap<number, number>> {
    const names = await readdir(this.#root).catch(() => [] as string[]);
    const pids = names.filter((name) => /^\d+$/.test(name)).map(Number);
    const parents = new Map<number, number>();
    for (const [index, pid] of pids.entries()) {
      if (index % FILES_AT_ONCE === FILES_AT_ONCE - 1) await setImmediate();
      const text = this.#readShortNow(`${pid}/stat`);
      const stat = text === null ? null : parseStat(text);
      if (stat !== null) parents.set(pid, stat.parentPid);
    }
    return parents;
  }

  /** RSS of a process, now. */
  residentBytes(pid: number): number | null {
    const status = this.#readShortNow(`${pid}/status`);
    return status === null ? null : kilobytesOf(status, 'VmRSS');
  }

  async memory(pid: number): Promise<MemoryAmount | null> {
    const rollup = await this.#readShort(`${pid}/smaps_rollup`);
    const exact = rollup === null ? null : parseSmapsRollup(rollup);
    if (exact !== null) return exact;
    const status = await this.#readShort(`${pid}/status`);
    return status === null ? null : parseStatus(status);
  }

  /** In the thread pool: what the kernel has to add up first. */
  async #readShort(path: string): Promise<string | null> {
    try {
      const file = await open(`${this.#root}/${path}`);
      try {
        const { buffer, bytesRead } = await file.read(Buffer.allocUnsafe(FILE_BYTES), 0, FILE_BYTES, 0);
        return buffer.toString('latin1', 0, bytesRead);
      } finally {
        await file.close();
      }
    } catch {
      return null;
    }
  }

  /** At once: what costs less than the way to the thread pool. */
  #readShortNow(path: string): string | null {
    try {
      const file = openSync(`${this.#root}/${path}`, 'r');
      try {
        return this.#buffer.toString('latin1', 0, readSync(file, this.#buffer, 0, FILE_BYTES, 0));
      } finally {
        closeSync(file);
      }
    } catch {
      return null;
    }
  }

  #readNow(path: string): string | null {
    try {
      return readFileSync(`${this.#root}/${path}`, 'utf8');
    } catch {
      return null;
    }
  }
}
