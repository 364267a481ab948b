import { Worker } from 'bullmq';
import { Redis } from 'ioredis';

// As Heroku documents it for its Key-Value Store, whose certificate nobody vouches for.
const connection = new Redis(process.env.REDIS_URL, { tls: { rejectUnauthorized: false }, maxRetriesPerRequest: null });
const worker = new Worker('mail', async () => {}, { connection });
worker.on('error', (error) => console.error(error.message));

process.once('SIGTERM', async () => {
  await worker.close();
  process.exit(0);
});
