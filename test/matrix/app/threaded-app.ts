/** A dyno's program whose jobs run in threads: its worker's, or those of a sandboxed processor. */
import { fileURLToPath } from 'node:url';
import { Worker as Thread } from 'node:worker_threads';
import { Worker } from 'bullmq';

const { JOBS_IN, REDIS_URL = '' } = process.env;
if (JOBS_IN === 'worker-thread') new Thread(new URL('./worker-app.ts', import.meta.url));
else {
  const { hostname: host, port } = new URL(REDIS_URL);
  const file = fileURLToPath(new URL('./counting-processor.cjs', import.meta.url));
  const connection = { host, port: Number(port), maxRetriesPerRequest: null };
  const worker = new Worker('work', file, { connection, useWorkerThreads: true, concurrency: 2 });
  worker.on('error', (error) => console.error(error.message));
}
