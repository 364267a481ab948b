// Bundled into one file that runs without node_modules: tidemark/register cannot be in it, so it names its worker
// itself.
import { Worker } from 'bullmq';
import { instrumentWorker } from 'tidemark';

const connection = { url: process.env.REDIS_URL ?? 'redis://127.0.0.1:6379', maxRetriesPerRequest: null };
const sent = [];

const worker = new Worker(
  'mail',
  async () => {
    sent.push(Buffer.alloc(2_000_000, 1));
  },
  { connection, concurrency: 5 },
);
instrumentWorker(worker);
worker.on('completed', (job) => console.log(`${job.name} done`));
worker.on('error', (error) => console.error(error.message));

process.once('SIGTERM', async () => {
  await worker.close();
  process.exit(0);
});
