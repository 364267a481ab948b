/**
 * The process whose costs are measured: one BullMQ worker, configured by its first argument (`MeasuredProcess` in
 * ../contestant.ts), and asked over IPC. Plain JavaScript, as deployed: stripping types in the process would add to its
 * memory.
 */
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { GCProfiler, getHeapStatistics } from 'node:v8';
import { Worker } from 'bullmq';

/** Memory has settled when `SETTLED_COLLECTIONS` consecutive collections each lower RSS by at most this. */
const SETTLED_WITHIN_BYTES = 128 * 1024;
const SETTLED_COLLECTIONS = 10;
const MAX_COLLECTIONS = 200;
const AFTER_COLLECTION_MS = 50;

const { queue, redisPort, concurrency, work, setUp } = JSON.parse(process.argv[2]);

const WARM_UP_CONCURRENCY = 50;

let jobs = 0;
/**
 * Until then jobs do nothing, many at a time, so that the code around them is warm also where a job takes long or few
 * run at a time.
 */
let works = false;

const WORK = {
  none: () => {},
  /** Keeps the processor busy for 1 ms. */
  compute() {
    const until = performance.now() + 1;
    while (performance.now() < until);
  },
  /** Waits 1 ms for something else. */
  wait: () => delay(1),
};
const doWork = WORK[work];

async function workingProcessor() {
  jobs++;
  if (works) await doWork();
}

const processor = work === 'none' ? async () => void jobs++ : workingProcessor;
const { workerOptions = {}, wrapped = (inner) => inner, flush } = setUp === null ? {} : (await import(setUp)).setUp();
const worker = new Worker(queue, wrapped(processor), {
  connection: { host: '127.0.0.1', port: redisPort },
  concurrency: Math.max(concurrency, WARM_UP_CONCURRENCY),
  autorun: false,
  removeOnComplete: { count: 0 },
  ...workerOptions,
});

/**
 * What V8 allocated between `begin` and `end`: what collections found minus what they left. It excludes buffers outside
 * the heap.
 */
const allocation = {
  profiler: null,
  usedBytes: 0,
  jobs: 0,
  begin() {
    this.profiler = new GCProfiler();
    this.jobs = jobs;
    this.usedBytes = getHeapStatistics().used_heap_size;
    this.profiler.start();
  },
  end() {
    let allocatedBytes = 0;
    let usedBytes = this.usedBytes;
    for (const { beforeGC, afterGC } of this.profiler.stop().statistics) {
      allocatedBytes += beforeGC.heapStatistics.usedHeapSize - usedBytes;
      usedBytes = afterGC.heapStatistics.usedHeapSize;
    }
    allocatedBytes += getHeapStatistics().used_heap_size - usedBytes;
    return { allocatedBytes, jobs: jobs - this.jobs };
  },
};

/**
 * Collects garbage until the process gets no smaller: after a single collection two bare processes are 20 MB apart. The
 * figure is the median of the last collections, because a process that keeps exporting is never quite still.
 */
async function settledMemory() {
  const lastBytes = [];
  let lowestBytes = Number.POSITIVE_INFINITY;
  for (let count = 0; lastBytes.length < SETTLED_COLLECTIONS; count++) {
    if (count === MAX_COLLECTIONS) throw new Error(`RSS did not settle, the lowest was ${lowestBytes} bytes`);
    globalThis.gc({ type: 'major', execution: 'sync', flavor: 'last-resort' });
    await delay(AFTER_COLLECTION_MS);
    const rssBytes = process.memoryUsage.rss();
    if (rssBytes < lowestBytes - SETTLED_WITHIN_BYTES) {
      lowestBytes = rssBytes;
      lastBytes.length = 0;
    }
    lastBytes.push(rssBytes);
  }
  const rssBytes = lastBytes.sort((a, b) => a - b)[SETTLED_COLLECTIONS / 2];
  return { rssBytes, anonymousBytes: anonymousBytes(), heapUsedBytes: process.memoryUsage().heapUsed };
}

/**
 * The part of RSS that is not file-backed, because pages of the node binary are shared with others. Null if it is not
 * reported.
 */
function anonymousBytes() {
  try {
    return Number(/^RssAnon:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))[1]) * 1024;
  } catch {
    return null;
  }
}

function cpuUs() {
  const { user, system } = process.cpuUsage();
  return user + system;
}

const ANSWERS = {
  run: async () => {
    await worker.waitUntilReady();
    // It settles when the worker closes.
    void worker.run();
  },
  startWork: () => {
    works = true;
    worker.concurrency = concurrency;
  },
  usage: () => ({ jobs, cpuUs: cpuUs() }),
  beginAllocation: () => allocation.begin(),
  allocation: () => allocation.end(),
  settledMemory,
  close: async () => {
    await worker.close();
    await flush?.();
  },
};

process.on('message', async ({ ask }) => {
  try {
    process.send({ answer: (await ANSWERS[ask]()) ?? null });
  } catch (error) {
    process.send({ error: String(error?.stack ?? error) });
  }
});
process.on('disconnect', () => process.exit(0));
