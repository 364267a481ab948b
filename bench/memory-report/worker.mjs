/** A BullMQ worker whose jobs allocate much and keep some, measured by its parent over IPC (../memory-report.ts). */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { GCProfiler, getHeapStatistics } from 'node:v8';
import { Worker } from 'bullmq';

const { queue, redisPort, allocates } = JSON.parse(process.argv[2]);

/** Jobs keep about 100 MB, the oldest replaced first: two processes hold the same however many jobs ran. */
const KEPT_ROWS = 400;
const text = JSON.stringify(Array.from({ length: 1500 }, (_, id) => ({ id, name: `row ${id}`, tags: ['a', 'b'] })));
const kept = [];
let jobs = 0;

function parseRows() {
  for (let count = 0; count < 4; count++) kept[(jobs * 4 + count) % KEPT_ROWS] = JSON.parse(text);
}

const work = async () => {
  if (allocates) parseRows();
  jobs++;
};
const connection = { host: '127.0.0.1', port: redisPort };
const worker = new Worker(queue, work, { connection, concurrency: 5, removeOnComplete: { count: 0 } });
worker.on('error', () => {});

const pauses = monitorEventLoopDelay({ resolution: 1 });
let profiler = null;
let usedBytes = 0;

function allocatedBytes() {
  let total = 0;
  for (const { beforeGC, afterGC } of profiler.stop().statistics) {
    total += beforeGC.heapStatistics.usedHeapSize - usedBytes;
    usedBytes = afterGC.heapStatistics.usedHeapSize;
  }
  return total;
}

const ANSWERS = {
  usage: () => ({ jobs, cpuUs: process.cpuUsage().user + process.cpuUsage().system }),
  beginAllocation: () => {
    profiler = new GCProfiler();
    usedBytes = getHeapStatistics().used_heap_size;
    profiler.start();
  },
  allocatedBytes,
  rssBytes: () => {
    for (let count = 0; count < 5; count++) globalThis.gc({ type: 'major', execution: 'sync' });
    return process.memoryUsage.rss();
  },
  beginPause: () => {
    pauses.enable();
    pauses.reset();
  },
  longestPauseMs: () => pauses.max / 1e6,
};

process.on('message', (ask) => process.send({ answer: ANSWERS[ask]() ?? null }));
process.on('disconnect', () => process.exit(0));
