/**
 * The process that is recorded: a BullMQ worker as any application has it, which also says every `SAMPLE_MS` what it
 * uses. Started by `record.ts`.
 */
import { type Job, Worker } from 'bullmq';
import { ownRssReader } from '../../src/instrument/memory/own-memory.ts';
import { Application, type Work } from './jobs.ts';

/** What the worker reports. Memory in bytes. */
export interface WorkerSample {
  /** Since the process began. */
  readonly timeMs: number;
  readonly rssBytes: number;
  readonly heapUsedBytes: number;
  readonly externalBytes: number;
  readonly activeJobs: number;
  readonly completedJobs: number;
}

/** Longer than any recording: on a busy machine a lock that runs out would give a job to the same process twice. */
const LOCK_MS = 600_000;

const { REDIS_URL: url, RECORDED_QUEUE: queue, RECORDED_CONCURRENCY: concurrency, SAMPLE_MS: sampleMs } = process.env;
if (url === undefined || queue === undefined || concurrency === undefined || sampleMs === undefined)
  throw new Error('this program is started by "npm run record"');

const application = new Application();
const readRss = ownRssReader();
let activeJobs = 0;
let completedJobs = 0;

const worker = new Worker<Work, number>(
  queue,
  async (job: Job<Work, number>) => {
    activeJobs += 1;
    try {
      return await application.run(job.data);
    } finally {
      activeJobs -= 1;
    }
  },
  { connection: { url, maxRetriesPerRequest: null }, concurrency: Number(concurrency), lockDuration: LOCK_MS },
);
worker.on('completed', () => {
  completedJobs += 1;
});
worker.on('failed', (_, error) => fail(error));
worker.on('error', fail);
await worker.waitUntilReady();

setInterval(() => {
  const { heapUsed, external } = process.memoryUsage();
  const sample: WorkerSample = {
    timeMs: Math.round(performance.now()),
    rssBytes: readRss(),
    heapUsedBytes: heapUsed,
    externalBytes: external,
    activeJobs,
    completedJobs,
  };
  // The recorder may have gone a moment ago: `disconnect` follows.
  process.send?.(sample, undefined, undefined, () => undefined);
}, Number(sampleMs));

// The recorder has ended, or wants this to end: what is recorded is over either way.
process.once('disconnect', () => process.exit(0));

/** A failed job did not do what its family says, so the recording is void. */
function fail(error: Error): never {
  console.error(error);
  process.exit(1);
}
