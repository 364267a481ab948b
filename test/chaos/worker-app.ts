/**
 * A dyno's program in the chaos runs: it works off the common queue, and grows by what its own queue asks for. Jobs
 * that begin and that are done are counted.
 */
import { Worker } from 'bullmq';
import { Redis } from 'ioredis';

const { REDIS_URL: url, DYNO: dyno } = process.env;
if (url === undefined || dyno === undefined) throw new Error('REDIS_URL and DYNO are needed');
// Not every version of BullMQ takes a URL.
const { hostname: host, port } = new URL(url);
const connection = { host, port: Number(port), maxRetriesPerRequest: null };
const counts = new Redis(url);
const kept: Buffer[] = [];

const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

const take = (queue: string) =>
  new Worker(
    queue,
    async (job) => {
      await counts.hincrby('begun', `${queue}/${job.id}`, 1);
      if (job.name === 'grow') kept.push(Buffer.alloc(job.data.bytes, 1));
      await wait(job.data.ms ?? 0);
      while (job.data.until !== undefined && (await counts.exists(job.data.until)) === 0) await wait(100);
      await counts.hincrby('done', `${queue}/${job.id}`, 1);
      await counts.hincrby('done-by', `${dyno}/${queue}`, 1);
    },
    // A worker that was killed loses its job to another; it must not count against the job. One that sleeps for 15 s
    // must not lose it.
    { connection, concurrency: 2, lockDuration: 40_000, stalledInterval: 5_000, maxStalledCount: 100 },
  );
const workers = [take('work'), take(dyno)];
for (const worker of workers) {
  worker.on('error', (error) => console.error(error.message));
  worker.on('stalled', (id) => void counts.hincrby('stalled', `${worker.name}/${id}`, 1));
}
for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.once(signal, () => void Promise.all(workers.map((worker) => worker.close())).then(() => process.exit(0)));
}
