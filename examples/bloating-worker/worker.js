/**
 * A BullMQ worker that bloats, for docker-compose.yml and for anybody who wants to see what bloat looks like: ordinary
 * jobs all the time, and now and then an import whose records are dropped when it is done. JavaScript keeps nothing of
 * it, the C allocator keeps most; each import that is bigger than all before it adds a step, and when they stop growing
 * the steps end on a plateau. Run it with
 *
 *   node --expose-gc --import tidemark/register examples/bloating-worker/worker.js
 */
import { writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { Queue, Worker } from 'bullmq';

const connection = { url: process.env.REDIS_URL ?? 'redis://127.0.0.1:6379', maxRetriesPerRequest: null };
/** In MB: stairs that die out. */
const IMPORT_SIZES = [110, 200, 270, 320, 345, 350];
const IMPORT_EVERY_MS = 3 * 60_000;
const FIRST_IMPORT_MS = 8 * 60_000;
const ENTRY_EVERY_MS = 200;
const MB = 1e6;
const RECORD_BYTES = 3_600;
const KEEP = { removeOnComplete: 100, removeOnFail: 100 };

const queue = new Queue('bookkeeping', { connection });
const worker = new Worker(
  'bookkeeping',
  async (job) => {
    if (job.name === 'import-records') await importRecords(job.data.megabytes);
    else JSON.parse(JSON.stringify(Array.from({ length: 200 }, (_, index) => ({ index, text: 'x'.repeat(40) }))));
    writeFileSync('/tmp/last-job', '');
  },
  { connection, concurrency: 2 },
);

async function importRecords(megabytes) {
  const records = [];
  for (let bytes = 0; bytes < megabytes * MB; bytes += RECORD_BYTES) {
    records.push(Buffer.allocUnsafeSlow(RECORD_BYTES).fill(1));
    if (records.length % 2_000 === 0) await sleep(20);
  }
  records.length = 0;
  globalThis.gc?.();
}

for (const one of [queue, worker]) one.on('error', (error) => console.error(error.message));

let imports = 0;
const addEntry = () => queue.add('book-entries', {}, KEEP);
const addImport = () => {
  const megabytes = IMPORT_SIZES[Math.min(imports, IMPORT_SIZES.length - 1)];
  imports += 1;
  return queue.add('import-records', { megabytes }, KEEP);
};
const report = (error) => console.error(`a job could not be added: ${error.message}`);
const timers = [setInterval(() => addEntry().catch(report), ENTRY_EVERY_MS)];
timers.push(
  setTimeout(() => {
    addImport().catch(report);
    timers.push(setInterval(() => addImport().catch(report), IMPORT_EVERY_MS));
  }, FIRST_IMPORT_MS),
);

for (const signal of ['SIGTERM', 'SIGINT']) {
  process.once(signal, async () => {
    for (const timer of timers) clearTimeout(timer);
    await worker.close();
    await queue.close();
    process.exit(0);
  });
}
