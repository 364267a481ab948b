import { setTimeout as sleep } from 'node:timers/promises';
import type { Queue } from 'bullmq';
import { bookEntries } from '../../src/demo/jobs/book-entries.ts';
import { importRecords } from '../../src/demo/jobs/import-records.ts';
import { FIRST_IMPORT_MS, IMPORT_EVERY_MS, JOB_NAMES } from '../../src/demo/jobs/job.ts';
import { imports } from '../../src/demo/jobs/supply.ts';
import { EXPORT_INTERVAL_MS } from '../../src/demo/plan.ts';

/** One of the demo's two workers gets every second job of the common queue. */
const ENTRIES_EVERY_MS = 160;
const IMPORTS = imports(0);
/** The last import takes a second, and ordinary jobs go on for a few more. */
const RUN_MS = FIRST_IMPORT_MS + (IMPORTS.length + 2) * IMPORT_EVERY_MS;

export const DEMO_NAMES = [
  { name: JOB_NAMES.entries, jobs: Math.floor(RUN_MS / ENTRIES_EVERY_MS) },
  { name: JOB_NAMES.import, jobs: IMPORTS.length },
];
/** The demo's workers export this often, and read their memory for it. */
export const DEMO_TICK_MS = EXPORT_INTERVAL_MS;
/** As in the demo, the young generation is small, and big jobs collect their garbage. */
export const DEMO_NODE_OPTIONS = ['--expose-gc', '--max-semi-space-size=2'];
export const DEMO_IMPORT_LIMIT = { max: 1, duration: IMPORT_EVERY_MS };

/** Imports have a queue of their own, as in the demo. */
export function importQueueOf(queue: string): string {
  return `${queue}-imports`;
}

/** Adds the jobs of one run: ordinary ones from the start, imports once the worker has shown its floor. */
export async function produceDemo(entriesQueue: Queue, importQueue: Queue, seed: number): Promise<void> {
  const [entries] = DEMO_NAMES;
  const jobs = Array.from({ length: entries?.jobs ?? 0 }, (_, at) => ({
    name: JOB_NAMES.entries,
    data: { size: 0, seed: at },
    opts: { delay: at * ENTRIES_EVERY_MS, removeOnComplete: true },
  }));
  await entriesQueue.addBulk(jobs);
  await sleep(FIRST_IMPORT_MS);
  await importQueue.addBulk(
    IMPORTS.map(({ name, data }) => ({ name, data: { ...data, seed: data.seed + 100 * seed } })),
  );
}

/** As the demo's worker does it. */
export async function workDemo({ size, seed }: { readonly size: number; readonly seed: number }): Promise<void> {
  if (size === 0) {
    bookEntries(seed);
    return;
  }
  await importRecords(size, seed);
  await new Promise((resolve) => setImmediate(resolve));
  globalThis.gc?.();
}
