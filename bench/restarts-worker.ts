/** A dyno's program for `bench/restarts.ts`: its jobs wait as long as they say; each start and each end is counted. */
import { Worker } from 'bullmq';
import { Redis } from 'ioredis';

const { REDIS_URL: url, DYNO: dyno } = process.env;
if (url === undefined || dyno === undefined) throw new Error('REDIS_URL and DYNO are needed');
const counts = new Redis(url);
const worker = new Worker(
  dyno,
  async (job) => {
    await counts.hincrby('started', job.id ?? '', 1);
    await new Promise((resolve) => setTimeout(resolve, job.data.ms));
    await counts.hincrby('done', job.id ?? '', 1);
  },
  { connection: { url, maxRetriesPerRequest: null }, concurrency: 4 },
);
worker.on('error', (error) => console.error(error.message));
process.once('SIGTERM', () => void worker.close().then(() => process.exit(0)));
