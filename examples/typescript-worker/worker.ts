import 'tidemark/register';
import { type Job, Worker } from 'bullmq';
import { onDrain } from 'tidemark';

interface Mail {
  readonly to?: string;
}

const connection = { url: process.env.REDIS_URL ?? 'redis://127.0.0.1:6379', maxRetriesPerRequest: null };
const sent: Buffer[] = [];

const worker = new Worker<Mail>(
  'mail',
  async () => {
    sent.push(Buffer.alloc(2_000_000, 1));
  },
  { connection, concurrency: 5 },
);
worker.on('completed', (job: Job<Mail>) => console.log(`${job.name} done`));
worker.on('error', (error) => console.error(error.message));
onDrain(() => console.log('no more jobs: this dyno is about to be restarted'));

process.once('SIGTERM', async () => {
  await worker.close();
  process.exit(0);
});
