/**
 * The process that is recorded: a BullMQ worker that runs a plan's jobs and reads its memory at each start and end.
 * Started by `record.ts`.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { getHeapStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { type Job, Worker, type WorkerOptions } from 'bullmq';
import { ownRssReader } from '../../src/instrument/memory/own-memory.ts';
import { DEMO_IMPORT_LIMIT, importQueueOf, workDemo } from './demo-work.ts';
import { hasPeaks, type PlannedName, planOf } from './plan.ts';
import { COLUMN_COUNT, type EventKind, rawRow, writeRecording } from './recording.ts';

const { REDIS_URL: url, RECORDED_QUEUE: queue, SEED: seed, OUT: out } = process.env;
if (url === undefined || queue === undefined || seed === undefined || out === undefined)
  throw new Error('this program is started by "npm run record:attribution"');

const readRss = ownRssReader();
const startRssBytes = readRss();
const plan = planOf(Number(seed));
/** Longer than any run: with an expired lock a busy worker would run a job twice. */
const LOCK_MS = 600_000;
const STEPS = 4;
const SETTLE_SECONDS = 3;

// All memory that the recorder needs is allocated and touched up front, so that it does not show up in the recording.
const rows = new Float64Array(COLUMN_COUNT * (2 * plan.jobs + 20_000)).fill(1);
let rowCount = 0;
let heldBytes = 0;
const kept: unknown[] = [];
const keptBytes = plan.names.map(() => 0);
let beforeImportsBytes: number | null = null;

function note(kind: EventKind, name: number): void {
  const rssBytes = readRss();
  const v8 = getHeapStatistics();
  const row = rawRow({
    kind,
    name,
    timeMs: performance.now(),
    rssBytes,
    heapBytes: v8.used_heap_size,
    externalBytes: v8.external_memory,
    heapTotalBytes: v8.total_heap_size,
    heldBytes,
  });
  if (rowCount * COLUMN_COUNT < rows.length) rows.set(row, rowCount * COLUMN_COUNT);
  rowCount += 1;
}

/** V8 drops an unreachable object in a major collection only, never in a scavenge. */
const collections = new FinalizationRegistry(() => {
  note('collection', -1);
  collections.register({}, null);
});
collections.register({}, null);

const BYTES_PER_OBJECT = 112;

function allocate(kind: PlannedName['kind'], bytes: number): unknown {
  if (kind === 'buffers') return Buffer.alloc(Math.round(bytes), 1);
  return Array.from({ length: Math.round(bytes / BYTES_PER_OBJECT) }, (_, id) => ({
    id,
    name: 'n',
    pair: [id, id + 1],
  }));
}

async function run(name: number): Promise<void> {
  const { kind, keepsBytes, takes, garbageBytes, holdsBytes, dropsAfterMs, meanMs } = plan.names[name] as PlannedName;
  const vary = () => 0.5 + Math.random();
  const keep = (share: number) => {
    if (keepsBytes === 0) return;
    const bytes = keepsBytes * share * vary();
    keptBytes[name] = (keptBytes[name] ?? 0) + bytes;
    kept.push(allocate(kind, bytes));
  };
  const durationMs = meanMs * vary();
  const holds = holdsBytes * vary();
  const held = holds > 0 ? allocate(kind, holds) : null;
  heldBytes += holds;
  if (takes === 'start') keep(1);
  for (let step = 0; step < STEPS; step += 1) {
    if (garbageBytes > 0) allocate(kind, (garbageBytes / STEPS) * vary());
    if (takes === 'evenly') keep(1 / STEPS);
    await sleep(durationMs / STEPS);
  }
  if (takes === 'end') keep(1);
  heldBytes -= holds;
  if (dropsAfterMs > 0) dropLater(held, dropsAfterMs);
  // Reachable until here.
  if (held === undefined) throw new Error('nothing was held');
}

const dropping = new Set<unknown>();

function dropLater(held: unknown, afterMs: number): void {
  dropping.add(held);
  setTimeout(() => dropping.delete(held), afterMs);
}

/** Until all that was not kept has come back. A worker that goes on would collect it at some time. */
async function settle(): Promise<void> {
  while (dropping.size > 0) await sleep(plan.tickMs);
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  for (let second = 0; second < SETTLE_SECONDS; second += 1) {
    collect();
    await sleep(plan.tickMs);
  }
}

let ended = 0;
const common = { connection: { url, maxRetriesPerRequest: null }, lockDuration: LOCK_MS };
const workers = plan.isDemo
  ? [take(queue, { concurrency: 1 }), take(importQueueOf(queue), { concurrency: 1, limiter: DEMO_IMPORT_LIMIT })]
  : [take(queue, { concurrency: plan.concurrency })];
const ticking = setInterval(() => note('tick', -1), plan.tickMs);
await Promise.all(workers.map((worker) => worker.waitUntilReady()));
process.send?.('ready');

function take(from: string, options: Pick<WorkerOptions, 'concurrency' | 'limiter'>): Worker {
  const worker = new Worker(from, workOn, { ...common, ...options });
  worker.on('completed', () => {
    ended += 1;
    if (ended === plan.jobs) void finish();
  });
  worker.on('failed', (_, error) => fail(error));
  worker.on('error', fail);
  return worker;
}

async function workOn(job: Job): Promise<void> {
  const name = plan.names.findIndex((planned) => planned.name === job.name);
  note('start', name);
  try {
    await (plan.isDemo ? demoJob(name, job.data) : run(name));
  } finally {
    note('end', name);
  }
}

/** An import keeps by how much RSS has risen since the first one began: JavaScript keeps nothing. */
async function demoJob(name: number, data: Parameters<typeof workDemo>[0]): Promise<void> {
  if (data.size > 0) beforeImportsBytes ??= readRss();
  await workDemo(data);
  if (data.size > 0) keptBytes[name] = readRss() - (beforeImportsBytes ?? 0);
}

async function finish(): Promise<void> {
  if (hasPeaks(plan.seed)) await settle();
  clearInterval(ticking);
  note('tick', -1);
  writeRecording(out as string, {
    seed: Number(seed),
    startRssBytes,
    keptBytes: keptBytes.map(Math.round),
    rows: rows.subarray(0, rowCount * COLUMN_COUNT),
  });
  await Promise.all(workers.map((worker) => worker.close()));
  process.exit(0);
}

// The recorder has ended before its time.
process.once('disconnect', () => process.exit(1));

function fail(error: Error): never {
  console.error(error);
  process.exit(1);
}
