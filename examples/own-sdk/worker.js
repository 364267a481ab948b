import { Worker } from 'bullmq';
import { BullMQOtel } from 'bullmq-otel';
import { sdk } from './telemetry.js';

const connection = { url: process.env.REDIS_URL ?? 'redis://127.0.0.1:6379', maxRetriesPerRequest: null };
const sent = [];

const worker = new Worker(
  'mail',
  async () => {
    sent.push(Buffer.alloc(2_000_000, 1));
  },
  {
    connection,
    concurrency: 5,
    // BullMQ's own traces and counters; Tidemark leaves this place free.
    telemetry: new BullMQOtel({ tracerName: 'mailer', meterName: 'mailer', version: '1.0.0', enableMetrics: true }),
  },
);
worker.on('completed', (job) => console.log(`${job.name} done`));
worker.on('error', (error) => console.error(error.message));

process.once('SIGTERM', async () => {
  await worker.close();
  await sdk.shutdown();
  process.exit(0);
});
