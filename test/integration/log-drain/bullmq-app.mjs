// A real BullMQ worker: level for six seconds, then its jobs keep memory until the process holds GROW_TO_MB.
import { Queue, Worker } from 'bullmq';

const connection = { url: process.env.REDIS_URL };
const startMs = Date.now();
const kept = [];
const queue = new Queue('imports', { connection });
const worker = new Worker(
  'imports',
  async () => {
    if (Date.now() - startMs < 6_000) return;
    while (process.memoryUsage.rss() < Number(process.env.GROW_TO_MB) * 2 ** 20) kept.push(Buffer.alloc(2 ** 19, 1));
  },
  { connection },
);
worker.on('error', () => {});
const adding = setInterval(() => queue.add('import', {}, { removeOnComplete: true }).catch(() => {}), 200);
process.once('SIGTERM', async () => {
  clearInterval(adding);
  await Promise.all([worker.close(), queue.close()]);
});
