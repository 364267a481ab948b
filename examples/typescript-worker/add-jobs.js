import { Queue } from 'bullmq';

const queue = new Queue('mail', { connection: { url: process.env.REDIS_URL ?? 'redis://127.0.0.1:6379' } });
await queue.addBulk(
  Array.from({ length: 10 }, (_, index) => ({ name: index % 2 === 0 ? 'welcome' : 'invoice', data: {} })),
);
await queue.close();
