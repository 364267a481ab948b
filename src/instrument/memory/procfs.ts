import { closeSync, openSync, read, readdirSync, readFileSync, readSync } from 'node:fs';
import { promisify } from 'node:util';

const readLater = promisify(read);

/** Linux counts process times in 1/100 s (USER_HZ) on every architecture that Node runs on. */
const MS_PER_TICK = 10;

/**
 * Bytes. Enough for a whole `stat`, `status` or `smaps_rollup`. `readFile` allocates 64 KiB for a file of unknown size,
 * and the buffers of one scan of all processes stayed until garbage was collected: about 2 MB of RSS with 70 processes.
 */
const FILE_BYTES = 4096;
/**
 * An environment can be larger: 32 kB of config vars on Heroku, plus what the app adds. Beyond this maximum it is not
 * read.
 */
const MAX_ENVIRONMENT_BYTES = 1024 ** 2;

/** What is needed of /proc/<pid>/stat; see proc_pid_stat(5). */
interface ProcessStat {
  readonly parentPid: number;
  /** The process no longer runs; the kernel only keeps its exit code until its parent collects it. */
  readonly hasEnded: boolean;
  /** Clock ticks from the kernel's start to the process's start. */
  readonly startTicks: number;
}

export interface MemoryAmount {
  readonly residentBytes: number;
  readonly swapBytes: number;
}

/** Shared pages count whole. */
export interface UnsharedMemory extends MemoryAmount {
  /** The resident bytes that map files (programs, libraries) or are shared memory; 0 if the kernel does not say. */
  readonly fileBytes: number;
}

/** Pages that n processes share count 1/n each. */
export interface CountedMemory extends MemoryAmount {
  /** How much more the kernel's counters say, which count shared pages whole. */
  readonly sharedBytes: number;
  readonly sharedSwapBytes: number;
}

/** Fields 3, 4 and 22 of a stat line. The second field, the name, may itself contain spaces and brackets. */
function parseStat(text: string): ProcessStat | null {
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const parentPid = Number(fields[1]);
  const startTicks = Number(fields[19]);
  return fields.length > 19 && Number.isInteger(parentPid) && Number.isInteger(startTicks)
    ? { parentPid, startTicks, hasEnded: fields[0] === 'Z' || fields[0] === 'X' }
    : null;
}

/** `Name:   123 kB` in bytes; null if the line is missing. */
function kilobytesOf(text: string, name: string): number | null {
  const match = new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(text);
  return match === null ? null : Number(match[1]) * 1024;
}

/** Pss and SwapPss: a page that n processes share counts 1/n in each, so sums over processes count it once. */
function parseSmapsRollup(text: string): CountedMemory | null {
  const residentBytes = kilobytesOf(text, 'Pss');
  if (residentBytes === null) return null;
  const swapBytes = kilobytesOf(text, 'SwapPss') ?? 0;
  const sharedBytes = (kilobytesOf(text, 'Rss') ?? residentBytes) - residentBytes;
  const sharedSwapBytes = (kilobytesOf(text, 'Swap') ?? swapBytes) - swapBytes;
  return { residentBytes, swapBytes, sharedBytes, sharedSwapBytes };
}

/** VmRSS and VmSwap: shared pages count fully in every process. */
function parseStatus(text: string): UnsharedMemory | null {
  const residentBytes = kilobytesOf(text, 'VmRSS');
  if (residentBytes === null) return null;
  const fileBytes = (kilobytesOf(text, 'RssFile') ?? 0) + (kilobytesOf(text, 'RssShmem') ?? 0);
  return { residentBytes, swapBytes: kilobytesOf(text, 'VmSwap') ?? 0, fileBytes };
}

/** A procfs, mounted at `root`. What cannot be read is null: processes end during a scan, and containers hide files. */
export class Procfs {
  readonly #root: string;
  readonly #buffer = Buffer.alloc(FILE_BYTES);
  #environmentBuffer = this.#buffer;

  constructor(root = '/proc') {
    this.#root = root;
  }

  stat(pid: number): ProcessStat | null {
    const text = this.#readShortNow(`${pid}/stat`);
    return text === null ? null : parseStat(text);
  }

  /** Unix ms at which a process started: the kernel's boot time (whole seconds) plus the process's ticks. */
  startTimeMs(pid: number): number | null {
    const stat = this.stat(pid);
    const bootSeconds = /^btime (\d+)$/m.exec(this.#readNow('stat') ?? '')?.[1];
    return stat === null || bootSeconds === undefined
      ? null
      : Number(bootSeconds) * 1000 + stat.startTicks * MS_PER_TICK;
  }

  /** A variable of the environment that the process was started with; null if unset or not readable. */
  environment(pid: number, name: string): string | null {
    const text = `\0${this.#readEnvironmentNow(pid)}`;
    const prefix = `\0${name}=`;
    const at = text.indexOf(prefix);
    return at < 0 ? null : (text.slice(at + prefix.length).split('\0', 1)[0] ?? null);
  }

  /** The files that are mapped into this process, one line each; null if they cannot be read. */
  ownMaps(): string | null {
    return this.#readNow('self/maps');
  }

  /** Changes with every start of the kernel; null if it cannot be read. */
  bootId(): string | null {
    return this.#readNow('sys/kernel/random/boot_id')?.trim() ?? null;
  }

  /** Every visible process; none without procfs. Synchronous: 75 us with 97 processes. */
  pids(): readonly number[] {
    try {
      return readdirSync(this.#root)
        .filter((name) => /^\d+$/.test(name))
        .map(Number);
    } catch {
      return [];
    }
  }

  /** By the kernel's counters, shared pages counted whole. Synchronous: no page is visited. */
  unsharedMemory(pid: number): UnsharedMemory | null {
    const status = this.#readShortNow(`${pid}/status`);
    return status === null ? null : parseStatus(status);
  }

  /** Where the kernel does not count shared pages by parts, they count whole. */
  async memory(pid: number): Promise<CountedMemory | null> {
    const rollup = await this.#readShort(`${pid}/smaps_rollup`);
    const counted = rollup === null ? null : parseSmapsRollup(rollup);
    if (counted !== null) return counted;
    const status = this.unsharedMemory(pid);
    if (status === null) return null;
    const { residentBytes, swapBytes } = status;
    return { residentBytes, swapBytes, sharedBytes: 0, sharedSwapBytes: 0 };
  }

  /**
   * Reads in the thread pool, because the kernel adds up the process's pages during the read. Opening and closing are
   * done here: they cost less than a trip to the thread pool.
   */
  async #readShort(path: string): Promise<string | null> {
    let file: number | null = null;
    try {
      file = openSync(`${this.#root}/${path}`, 'r');
      const { buffer, bytesRead } = await readLater(file, Buffer.allocUnsafe(FILE_BYTES), 0, FILE_BYTES, 0);
      return buffer.toString('latin1', 0, bytesRead);
    } catch {
      return null;
    } finally {
      if (file !== null) closeSync(file);
    }
  }

  /** Synchronous: it costs less than a trip to the thread pool. */
  #readShortNow(path: string): string | null {
    return this.#readIntoNow(path, this.#buffer);
  }

  /** Into one reused buffer, which grows to the largest environment seen. */
  #readEnvironmentNow(pid: number): string {
    for (;;) {
      const buffer = this.#environmentBuffer;
      const text = this.#readIntoNow(`${pid}/environ`, buffer) ?? '';
      if (text.length < buffer.length || buffer.length >= MAX_ENVIRONMENT_BYTES) return text;
      this.#environmentBuffer = Buffer.alloc(buffer.length * 4);
    }
  }

  #readIntoNow(path: string, buffer: Buffer): string | null {
    try {
      const file = openSync(`${this.#root}/${path}`, 'r');
      try {
        return buffer.toString('latin1', 0, readSync(file, buffer, 0, buffer.length, 0));
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
