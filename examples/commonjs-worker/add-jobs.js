const { Queue } = require('bullmq');

async function main() {
  const queue = new Queue('mail', { connection: { url: process.env.REDIS_URL ?? 'redis://127.0.0.1:6379' } });
  const names = Array.from({ length: 10 }, (_, index) => (index % 2 === 0 ? 'welcome' : 'invoice'));
  await queue.addBulk(names.map((name) => ({ name, data: {} })));
  await queue.close();
}

void main();
