import { setTimeout as sleep } from 'node:timers/promises';

const MIB = 1024 ** 2;
/** Above the largest size that glibc ever serves from its heap (32 MiB). */
export const PAGE_MIB = 38;
/** A job reads its input in pieces of this size and lets other jobs run in between. */
export const READ_MIB = 4;
/** Large enough to be a page of V8's heap by itself, which goes back to the kernel once it is collected. */
const SERIES_NUMBERS = 51_200;
const NUMBER_BYTES = 8;

/** Numbers that lie on V8's heap and hold no pointers: cheap to collect. */
export function seriesOf(megabytes: number): readonly (readonly number[])[] {
  return Array.from({ length: Math.ceil((megabytes * MIB) / (SERIES_NUMBERS * NUMBER_BYTES)) }, (_, index) =>
    new Array<number>(SERIES_NUMBERS).fill(index + 0.5),
  );
}

/** Reads series in the first third of its time, and holds them until it ends. */
export async function compareSeries(megabytes: number, runsMs: number): Promise<number> {
  const endMs = performance.now() + runsMs;
  const series: (readonly number[])[] = [];
  for (let read = 0; read < megabytes; read += READ_MIB) {
    series.push(...seriesOf(READ_MIB));
    await sleep((READ_MIB / megabytes) * (runsMs / 3));
  }
  await sleep(Math.max(0, endMs - performance.now()));
  return series.reduce((sum, numbers) => sum + (numbers[0] ?? 0), 0);
}

interface Streaming {
  readonly pages: number;
  readonly pageMs: number;
  readonly runsMs: number;
}

/** Holds a window of the newest `pages` pages; a page that leaves the window is freed at once. */
export async function streamExport({ pages, pageMs, runsMs }: Streaming): Promise<number> {
  const endMs = performance.now() + runsMs;
  const window: Buffer[] = [];
  let streamed = 0;
  while (performance.now() < endMs) {
    window.push(Buffer.allocUnsafeSlow(PAGE_MIB * MIB).fill(streamed + 1));
    if (window.length > pages) freeAtOnce(window.shift());
    streamed += 1;
    await sleep(pageMs);
  }
  for (const page of window) freeAtOnce(page);
  return streamed;
}

/** Frees memory without a collection, as native code does with its own. */
export function freeAtOnce(buffer: Buffer | undefined): void {
  (buffer?.buffer as ArrayBuffer | undefined)?.transfer(0);
}

/** Keeps buffers for the next job: the one that was given back last is taken first, so the others age. */
export class BufferPool {
  readonly #free: { readonly buffer: Buffer; readonly timer: NodeJS.Timeout }[] = [];

  take(): Buffer {
    const last = this.#free.pop();
    clearTimeout(last?.timer);
    return last?.buffer ?? Buffer.allocUnsafeSlow(PAGE_MIB * MIB);
  }

  /** Frees it after `keepMs`, unless a job takes it before. */
  giveBack(buffer: Buffer, keepMs: number): void {
    const timer = setTimeout(() => {
      this.#free.splice(
        this.#free.findIndex((other) => other.buffer === buffer),
        1,
      );
      freeAtOnce(buffer);
    }, keepMs);
    this.#free.push({ buffer, timer });
  }
}
