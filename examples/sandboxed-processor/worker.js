import { fileURLToPath } from 'node:url';
import { Worker } from 'bullmq';

const connection = { url: process.env.REDIS_URL ?? 'redis://127.0.0.1:6379', maxRetriesPerRequest: null };
const processor = fileURLToPath(new URL('./processor.js', import.meta.url));

const worker = new Worker('mail', processor, { connection, concurrency: 2 });
worker.on('completed', (job) => console.log(`${job.name} done`));
worker.on('error', (error) => console.error(error.message));

process.once('SIGTERM', async () => {
  await worker.close();
  process.exit(0);
});
