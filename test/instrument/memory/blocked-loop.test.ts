import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { DynoMemory } from '../../../src/instrument/memory/dyno-memory.ts';
import { type CountedMemory, Procfs } from '../../../src/instrument/memory/procfs.ts';
import { FakeProcfs } from './fake-procfs.ts';

const KIB = 1024;
const CHILD = 900_001;
const DYNO = { DYNO: 'worker.1', HEROKU_APP_NAME: 'shop', HEROKU_DYNO_ID: 'this-boot' };

const files = ({ pss, rss, file }: { readonly pss: number; readonly rss: number; readonly file: number }) => ({
  smaps_rollup: `x rollup\nRss: ${rss} kB\nPss: ${pss} kB\nSwap: 0 kB\nSwapPss: 0 kB\n`,
  status: `Name:\tx\nVmRSS:\t ${rss} kB\nRssFile:\t ${file - 1} kB\nRssShmem:\t 1 kB\nVmSwap:\t 7 kB\n`,
});

let fake: FakeProcfs;
let folder: string;
let nowMs: number;
let isConnected: boolean;
let memory: DynoMemory;
/** The counts of the pages of one process, also those under way. */
let counts: Promise<CountedMemory | null>[];
/** What the counts of pages wait for; null if they do not wait. */
let blocked: { readonly until: Promise<void>; readonly end: () => void } | null;

function block(): void {
  const { promise, resolve } = Promise.withResolvers<void>();
  blocked = { until: promise, end: resolve };
}

/** The event loop gets its turns back, after `tookMs`. */
async function unblock(tookMs: number): Promise<void> {
  nowMs += tookMs;
  blocked?.end();
  blocked = null;
  // The reading of a last process may begin when that of another has ended.
  for (let known = 0; known < counts.length; ) {
    known = counts.length;
    await Promise.all(counts);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** A read that is still waiting when a job has blocked the loop for `ms`. */
async function readAfter(ms: number) {
  const reading = memory.read();
  await vi.advanceTimersByTimeAsync(ms);
  return reading;
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  fake = new FakeProcfs();
  folder = mkdtempSync(join(tmpdir(), 'tidemark-blocked-'));
  [nowMs, isConnected, blocked, counts] = [0, true, null, []];
  const procfs = new Procfs(fake.root);
  const count = procfs.memory.bind(procfs);
  vi.spyOn(procfs, 'memory').mockImplementation((pid) => {
    const counting = (blocked?.until ?? Promise.resolve()).then(() => count(pid));
    counts.push(counting);
    return counting;
  });
  const canSend = async () => isConnected;
  memory = new DynoMemory({ procfs, env: { ...DYNO }, folder, canSend, knownChildren: () => [], nowMs: () => nowMs });
  fake.add(1, { parent: 0 });
  fake.add(process.pid, { parent: 1, files: files({ pss: 70, rss: 100, file: 40 }) });
  fake.add(CHILD, { parent: process.pid, files: files({ pss: 30, rss: 60, file: 35 }) });
});
afterEach(() => {
  memory.release();
  fake.remove();
  rmSync(folder, { recursive: true });
  vi.useRealTimers();
});

describe('memory of a dyno whose jobs block the event loop', () => {
  it('is estimated where no count was ever finished, with the pages of files once', async () => {
    block();
    expect(await readAfter(1000)).toEqual({ residentBytes: (60 + 25 + 40) * KIB, swapBytes: 14 * KIB });
  });

  it('follows the last count, however old, and what has started since', async () => {
    expect((await memory.read())?.residentBytes).toBe(100 * KIB);
    nowMs += 60_000;
    block();
    fake.files(String(process.pid), files({ pss: 0, rss: 1100, file: 40 }));
    fake.add(900_002, { parent: process.pid, files: files({ pss: 0, rss: 500, file: 45 }) });
    expect((await readAfter(1000))?.residentBytes).toBe((1070 + 30 + 455) * KIB);
  });

  it('is estimated at once after a slow count, until a count is quick again', async () => {
    block();
    await readAfter(1000);
    await unblock(36_000);
    nowMs += 9_000;
    block();
    // No time passes: a turn of the event loop may be a job.
    expect((await memory.read())?.residentBytes).toBe(100 * KIB);
    fake.files(String(process.pid), files({ pss: 1, rss: 100, file: 40 }));
    await unblock(10);
    expect((await memory.read())?.residentBytes).toBe(31 * KIB);
  });

  it('is not remembered from a count that ended after the role was given up', async () => {
    block();
    await readAfter(1000);
    isConnected = false;
    expect(await memory.read()).toBeNull();
    await unblock(3_000);
    isConnected = true;
    fake.files(String(process.pid), files({ pss: 5, rss: 100, file: 40 }));
    fake.files(String(CHILD), files({ pss: 5, rss: 100, file: 40 }));
    nowMs += 1;
    // The old count would say 30 kB less than the counters of both: 140 kB.
    block();
    expect((await memory.read())?.residentBytes).toBe((60 + 60 + 40) * KIB);
  });
});
