import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { importRecords } from '../../src/demo/jobs/import-records.ts';
import { BufferPool, compareSeries, freeAtOnce, PAGE_MIB, READ_MIB, seriesOf, streamExport } from './load-jobs.ts';

/** What one job of a recorded worker does, as its producer asks for it. */
export type Work =
  /** Ordinary work: waits for its database, parses and forgets. */
  | { readonly kind: 'book-entries'; readonly waitMs: number }
  /** Takes an import to pieces that are small, all held until its end: what the allocator keeps of them is bloat. */
  | { readonly kind: 'import-records'; readonly megabytes: number; readonly seed: number }
  /** Holds large pages for a while: each is a mapping of its own, which goes back to the kernel. */
  | { readonly kind: 'render-pages'; readonly pages: number; readonly holdMs: number }
  /** A working set that is kept for good, and used. */
  | { readonly kind: 'load-catalogue'; readonly megabytes: number }
  /** Looks keys up in a cache without a bound; what is missing is made and kept. */
  | { readonly kind: 'look-up'; readonly keys: readonly number[]; readonly valueKilobytes: number }
  /** The fault of each leaky worker: a listener for each job that nobody takes off again. */
  | { readonly kind: 'follow-customer'; readonly kilobytes: number; readonly made: Made }
  /** A timer that never forgets what it has read, whether jobs run or not. */
  | { readonly kind: 'start-poller'; readonly everyMs: number; readonly kilobytes: number; readonly made: Made }
  /**
   * Series of numbers that live for some seconds: V8 has made them old by then, and they are garbage until it collects
   * what is old.
   */
  | { readonly kind: 'aggregate'; readonly megabytes: number; readonly livesMs: number }
  /**
   * Holds what it works on until it ends, `runsMs` after it began. `convert-media`: a large buffer, freed at the end,
   * and some objects. `compare-series`: numbers on V8's heap. No collection is forced: V8 frees its heap in its own
   * time.
   */
  | { readonly kind: 'convert-media' | 'compare-series'; readonly megabytes: number; readonly runsMs: number }
  /** The same as `convert-media` in a buffer of a pool, which frees what was unused for `keepMs`. */
  | { readonly kind: 'convert-in-pool'; readonly runsMs: number; readonly keepMs: number }
  /** Streams a file through a window of `pages` large pages: a new one each `pageMs`, and the oldest is dropped. */
  | { readonly kind: 'stream-export'; readonly pages: number; readonly pageMs: number; readonly runsMs: number };

/** Where what is kept lies: on V8's heap, or in buffers outside it. */
export type Made = 'objects' | 'buffers';

const KIB = 1024;
const MIB = 1024 ** 2;
const BUFFER_BYTES = 6000;
/** Objects that a job makes of its input, as a fraction of its size. */
const TAG_FRACTION = 0.03;
/** Measured on Node 24: an entry of `entriesOf` with its array's slot. */
const ENTRY_BYTES = 120;
const CATALOGUE_PIECE_MIB = 4;

interface Entry {
  readonly id: number;
  readonly amount: number;
  readonly note: string;
}

/** A worker's application: runs jobs, and keeps between them what such an application keeps. */
export class Application {
  readonly #catalogue: Buffer[] = [];
  readonly #cache = new Map<number, Buffer>();
  readonly #followed: unknown[] = [];
  readonly #pool = new BufferPool();
  #serial = 0;

  async run(work: Work): Promise<number> {
    switch (work.kind) {
      case 'book-entries':
        await sleep(work.waitMs);
        return this.#bookEntries();
      case 'import-records':
        await importRecords(work.megabytes, work.seed);
        await collectGarbage();
        return work.megabytes;
      case 'render-pages':
        await renderPages(work.pages, work.holdMs);
        await collectGarbage();
        return work.pages;
      case 'load-catalogue':
        return await this.#loadCatalogue(work.megabytes);
      case 'look-up':
        return this.#lookUp(work.keys, work.valueKilobytes * KIB);
      case 'follow-customer':
        await sleep(20);
        return this.#follow(work.kilobytes, work.made);
      case 'start-poller':
        setInterval(() => this.#follow(work.kilobytes, work.made), work.everyMs);
        return 0;
      case 'aggregate':
        return this.#aggregate(work.megabytes, work.livesMs);
      case 'convert-media':
        return await this.#convertMedia(work.megabytes, work.runsMs);
      case 'convert-in-pool':
        return await this.#convertInPool(work.runsMs, work.keepMs);
      case 'compare-series':
        return await compareSeries(work.megabytes, work.runsMs);
      case 'stream-export':
        return await streamExport(work);
    }
  }

  #bookEntries(): number {
    const text = JSON.stringify(this.#entriesOf(256 * KIB));
    return (JSON.parse(text) as Entry[]).reduce((sum, { amount }) => sum + amount, 0);
  }

  async #loadCatalogue(megabytes: number): Promise<number> {
    for (let loaded = 0; loaded < megabytes; loaded += CATALOGUE_PIECE_MIB) {
      this.#catalogue.push(...buffersOf(Math.min(CATALOGUE_PIECE_MIB, megabytes - loaded) * MIB));
      await sleep(5);
    }
    return this.#catalogue.length;
  }

  #lookUp(keys: readonly number[], valueBytes: number): number {
    let found = 0;
    for (const key of keys) {
      const value = this.#cache.get(key);
      if (value !== undefined) found += value[0] === (key & 0xff) ? 1 : 0;
      else this.#cache.set(key, Buffer.alloc(valueBytes, key & 0xff));
    }
    return found;
  }

  #follow(kilobytes: number, made: Made): number {
    return this.#followed.push(made === 'objects' ? this.#entriesOf(kilobytes * KIB) : buffersOf(kilobytes * KIB));
  }

  #aggregate(megabytes: number, livesMs: number): number {
    const series = seriesOf(megabytes);
    // The timer holds them until it has run.
    setTimeout(() => series.length, livesMs).unref();
    return series.length;
  }

  async #convertMedia(megabytes: number, runsMs: number): Promise<number> {
    const media = Buffer.allocUnsafeSlow(megabytes * MIB);
    const converted = await this.#convert(media, runsMs);
    freeAtOnce(media);
    return converted;
  }

  async #convertInPool(runsMs: number, keepMs: number): Promise<number> {
    const media = this.#pool.take();
    const converted = await this.#convert(media, runsMs);
    this.#pool.giveBack(media, keepMs);
    return converted;
  }

  async #convert(media: Buffer, runsMs: number): Promise<number> {
    const endMs = performance.now() + runsMs;
    const megabytes = media.length / MIB;
    const tags: Entry[] = [];
    // The input arrives during the first third of the job, as from a slow disk.
    for (let read = 0; read < megabytes; read += READ_MIB) {
      media.subarray(read * MIB, (read + READ_MIB) * MIB).fill(read + 1);
      tags.push(...this.#entriesOf(TAG_FRACTION * READ_MIB * MIB));
      await sleep((READ_MIB / megabytes) * (runsMs / 3));
    }
    await sleep(Math.max(0, endMs - performance.now()));
    return media.readUInt8(media.length - 1) + tags.length;
  }

  #entriesOf(bytes: number): readonly Entry[] {
    const count = Math.ceil(bytes / ENTRY_BYTES);
    return Array.from({ length: count }, () => {
      this.#serial += 1;
      // Joined by a method, so that each note is a text of its own and no rope of shared parts.
      return {
        id: this.#serial,
        amount: this.#serial / 7,
        note: ['booked by job', String(this.#serial), 'of today'].join(' '),
      };
    });
  }
}

async function renderPages(pages: number, holdMs: number): Promise<string> {
  const rendered: Buffer[] = [];
  for (let page = 0; page < pages; page += 1) {
    rendered.push(Buffer.allocUnsafeSlow(PAGE_MIB * MIB).fill(page + 1));
    await sleep(20);
  }
  await sleep(holdMs);
  const hash = createHash('sha256');
  for (const page of rendered) hash.update(page.subarray(0, KIB));
  return hash.digest('hex');
}

function buffersOf(bytes: number): readonly Buffer[] {
  return Array.from({ length: Math.ceil(bytes / BUFFER_BYTES) }, (_, index) =>
    Buffer.allocUnsafeSlow(BUFFER_BYTES).fill(index & 0xff),
  );
}

/**
 * After a large job, as many applications do, in a turn of its own: a collection inside the job's call would find the
 * job's values still on the stack. What then stays in RSS the allocator keeps.
 */
async function collectGarbage(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
  globalThis.gc?.();
}
