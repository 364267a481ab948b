/**
 * What runs in a dyno of the demo: a BullMQ worker as any app has it, started with `--import tidemark/register`. It
 * collects its garbage after every big job (`--expose-gc`), so that what stays in RSS is kept by the allocator and not
 * by JavaScript.
 */
import { type Job, Worker } from 'bullmq';
import { bookEntries } from './jobs/book-entries.ts';
import { importRecords } from './jobs/import-records.ts';
import {
  FIRST_IMPORT_MS,
  IMPORT_EVERY_MS,
  importQueueOf,
  JOB_NAMES,
  type JobData,
  type JobResult,
  LOCK_MS,
  STALLED_CHECK_MS,
} from './jobs/job.ts';
import { renderAttachment } from './jobs/render-attachment.ts';

const redisUrl = required('REDIS_URL');

async function work(job: Job<JobData, JobResult>): Promise<JobResult> {
  const { size, seed } = job.data;
  if (job.name === JOB_NAMES.import) await importRecords(size, seed);
  else if (job.name === JOB_NAMES.render) await renderAttachment(size);
  else bookEntries(seed);
  if (size > 0) await collectGarbage();
  const { rss, heapUsed, arrayBuffers } = process.memoryUsage();
  return {
    dyno: required('DYNO'),
    boot: required('HEROKU_DYNO_ID'),
    rssBytes: rss,
    javascriptBytes: heapUsed + arrayBuffers,
  };
}

/** In a later turn of the event loop: during the job's call its values are still on the stack. */
async function collectGarbage(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
  globalThis.gc?.();
}

function required(name: string): string {
  const value = process.env[name];
  if (value === undefined || value === '')
    throw new Error(`${name} is not set; this program is started by "tidemark demo"`);
  return value;
}

const running: Worker[] = [];

function take(queue: string, options: { readonly limiter?: { readonly max: number; readonly duration: number } } = {}) {
  const worker = new Worker<JobData, JobResult>(queue, work, {
    connection: { url: redisUrl, maxRetriesPerRequest: null },
    prefix: required('DEMO_PREFIX'),
    lockDuration: LOCK_MS,
    stalledInterval: STALLED_CHECK_MS,
    // Workers may be killed often; a job fails only if its own code does.
    maxStalledCount: 100,
    ...options,
  });
  worker.on('error', (error) => console.error(`worker: ${error.message}`));
  running.push(worker);
}

take(required('DEMO_QUEUE'));
const later =
  process.env.DEMO_IMPORTS === 'true'
    ? setTimeout(
        () => take(importQueueOf(required('DYNO')), { limiter: { max: 1, duration: IMPORT_EVERY_MS } }),
        FIRST_IMPORT_MS,
      )
    : undefined;

async function close(): Promise<void> {
  clearTimeout(later);
  await Promise.all(running.map((worker) => worker.close()));
}

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.once(signal, () => {
    close().then(
      () => process.exit(0),
      (error: unknown) => {
        console.error('worker: could not be closed:', error);
        process.exit(1);
      },
    );
  });
}
