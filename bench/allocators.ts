import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';

/**
 * What MALLOC_ARENA_MAX, jemalloc and --max-old-space-size do for a worker's memory, for `tidemark doctor` and
 * docs/instrumentation.md:
 *
 *   node bench/allocators.ts
 *
 * One course of jobs for each of three ways in which memory stays up, under each setting, each in a process of its own:
 * twelve imports of
 * `IMPORT_MB`, then a full collection and `REST_S` of small jobs, as a worker has them between imports, which is what
 * lets an allocator give back, then one more collection. Printed: the peak and the end, as RSS above the process's own
 * before the first import, and how much of the end JavaScript still holds (heap in use + external); medians of `RUNS`.
 * About six minutes.
 */
const RUNS = 3;
const IMPORTS = 12;
const IMPORT_MB = 150;
const REST_S = 20;
const RECORD_BYTES = 3_600;
const MB = 1e6;
const JEMALLOC = ['/usr/lib/x86_64-linux-gnu/libjemalloc.so.2', '/usr/lib/aarch64-linux-gnu/libjemalloc.so.2'];

/** What an import leaves behind. */
const WAYS = {
  'nothing: all records are dropped': { keepOneIn: 0, buffers: true },
  'one buffer in 500 (a cache), scattered among the dropped ones': { keepOneIn: 500, buffers: true },
  'one array in 200 in the JavaScript heap': { keepOneIn: 200, buffers: false },
} as const;

type Way = keyof typeof WAYS;

interface Setting {
  readonly name: string;
  readonly env: Readonly<Record<string, string>>;
  readonly flags: readonly string[];
}

interface Outcome {
  readonly peakBytes: number;
  readonly endBytes: number;
  readonly heldBytes: number;
}

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

async function course(way: Way): Promise<Outcome> {
  const { keepOneIn, buffers } = WAYS[way];
  const kept: unknown[] = [];
  await smallJobs(1);
  globalThis.gc?.();
  const start = process.memoryUsage();
  let peakBytes = 0;
  for (let count = 0; count < IMPORTS; count++) {
    const records: unknown[] = [];
    for (let bytes = 0; bytes < IMPORT_MB * MB; bytes += RECORD_BYTES) {
      const record = buffers
        ? Buffer.allocUnsafeSlow(RECORD_BYTES).fill(1)
        : Array.from({ length: RECORD_BYTES / 8 }, () => count + 0.5);
      records.push(record);
      if (keepOneIn > 0 && records.length % keepOneIn === 0) kept.push(record);
      if (records.length % 2_000 === 0) await sleep(1);
    }
    peakBytes = Math.max(peakBytes, process.memoryUsage.rss());
    records.length = 0;
    await smallJobs(0.5);
  }
  globalThis.gc?.();
  await smallJobs(REST_S);
  globalThis.gc?.();
  const end = process.memoryUsage();
  if (keepOneIn > 0 && kept.length === 0) throw new Error('nothing was kept');
  const held = ({ heapUsed, external }: NodeJS.MemoryUsage) => heapUsed + external;
  return { peakBytes: peakBytes - start.rss, endBytes: end.rss - start.rss, heldBytes: held(end) - held(start) };
}

async function smallJobs(seconds: number): Promise<void> {
  const endMs = performance.now() + seconds * 1000;
  while (performance.now() < endMs) {
    JSON.parse(JSON.stringify(Array.from({ length: 200 }, (_, index) => ({ index, text: 'x'.repeat(40) }))));
    // What reading from a socket does: without any call of malloc jemalloc never comes to give back.
    Buffer.allocUnsafeSlow(RECORD_BYTES).fill(0);
    await sleep(5);
  }
}

async function run(way: Way, { env, flags }: Setting): Promise<Outcome> {
  const child = spawn(process.execPath, ['--expose-gc', ...flags, import.meta.filename, way], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let text = '';
  child.stdout.on('data', (chunk) => {
    text += chunk;
  });
  const [code] = await once(child, 'close');
  if (code !== 0) return { peakBytes: Number.NaN, endBytes: Number.NaN, heldBytes: Number.NaN };
  return JSON.parse(text);
}

function median(values: readonly number[]): string {
  const sorted = values.map((bytes) => bytes / MB).sort((a, b) => a - b);
  const middle = sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
  return Number.isNaN(middle) ? 'out of memory' : `${middle.toFixed(0)} MB`;
}

function settings(): readonly Setting[] {
  const jemalloc = JEMALLOC.find((path) => existsSync(path));
  if (jemalloc === undefined) throw new Error('libjemalloc is not installed: apt-get install libjemalloc2');
  return [
    { name: 'glibc', env: {}, flags: [] },
    { name: 'MALLOC_ARENA_MAX=2', env: { MALLOC_ARENA_MAX: '2' }, flags: [] },
    { name: 'jemalloc', env: { LD_PRELOAD: jemalloc }, flags: [] },
    { name: '--max-old-space-size=256', env: {}, flags: ['--max-old-space-size=256'] },
  ];
}

async function main(): Promise<void> {
  for (const way of Object.keys(WAYS) as Way[]) {
    console.log(`\nAn import leaves behind ${way}`);
    for (const setting of settings()) {
      const outcomes = await Promise.all(Array.from({ length: RUNS }, () => run(way, setting)));
      const peak = median(outcomes.map(({ peakBytes }) => peakBytes));
      const end = median(outcomes.map(({ endBytes }) => endBytes));
      const held = median(outcomes.map(({ heldBytes }) => heldBytes));
      console.log(
        `${setting.name.padEnd(26)} peak ${peak.padStart(8)}  end ${end.padStart(8)}  held ${held.padStart(8)}`,
      );
    }
  }
}

const way = process.argv[2] as Way | undefined;
if (way === undefined) await main();
else console.log(JSON.stringify(await course(way)));
