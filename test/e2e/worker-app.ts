/**
 * A dyno's program in the end-to-end runs: a BullMQ worker whose jobs keep memory (`keep`), need it for a moment
 * (`peak`), or neither, and one whose jobs run in a child process. It is
 * started with `--import tidemark/register`, like any app's.
 */
import { fileURLToPath } from 'node:url';
import { Worker } from 'bullmq';

const kept: Buffer[] = [];
const url = process.env.REDIS_URL;
const prefix = process.env.QUEUE_PREFIX;
/** The queue has the dyno's name: a test decides which dyno does what. */
const dyno = process.env.DYNO;
if (url === undefined || prefix === undefined || dyno === undefined) {
  throw new Error('REDIS_URL, QUEUE_PREFIX and DYNO are needed');
}

/** Written to, so that the pages are really used. */
function take(bytes: number): Buffer {
  return Buffer.alloc(bytes, 1);
}

const connection = { url, maxRetriesPerRequest: null };
const worker = new Worker(
  dyno,
  async (job) => {
    if (job.name === 'keep') kept.push(take(job.data.bytes));
    if (job.name === 'peak') take(job.data.bytes);
    if (job.name === 'fail') throw new Error('as it was told to');
    await new Promise((resolve) => setTimeout(resolve, job.data.ms ?? 0));
  },
  { connection, prefix, concurrency: 5 },
);
const boxed = new Worker(`${dyno}-boxed`, fileURLToPath(new URL('./boxed-processor.ts', import.meta.url)), {
  connection,
  prefix,
});
for (const one of [worker, boxed]) one.on('error', (error) => console.error(error.message));
for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.once(signal, () => void Promise.all([worker.close(), boxed.close()]).then(() => process.exit(0)));
}
