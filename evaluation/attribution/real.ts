/**
 * Which job name makes a worker grow, asked of real memory: jobs of four names at ten at a time, in this process, without a queue.
 *
 *   node evaluation/attribution/real.ts [SECONDS] [buffers|objects]
 *
 * `leak` keeps what it allocates, `garbage` drops it, `slow` (five times as long) and `quick` allocate next to nothing. Prints what each name is charged with.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { JobMonitor } from '../../src/instrument/jobs/job-monitor.ts';
import { ownRssReader } from '../../src/instrument/memory/own-memory.ts';
import { Random } from '../random.ts';

const seconds = Number(process.argv[2] ?? 60);
const kind = process.argv[3] ?? 'buffers';
const MB = 1e6;
const MEAN_MS = 40;
const EXPORT_MS = 10_000;

const random = new Random(1);
const text = JSON.stringify(Array.from({ length: 1500 }, (_, id) => ({ id, name: `n${id}`, pair: [id, id + 1] })));
const allocate = {
  buffers: (bytes: number): unknown => Buffer.alloc(bytes * random.between(0.5, 1.5), 1),
  objects: (): unknown => JSON.parse(text),
}[kind];
if (allocate === undefined) throw new RangeError(`"${kind}" is neither buffers nor objects`);

const kept: unknown[] = [];
const WORK: Readonly<Record<string, () => Promise<unknown>>> = {
  leak: () => sleep(MEAN_MS * random.between(0.5, 1.5), kept.push(allocate(0.2 * MB))),
  garbage: () => sleep(MEAN_MS * random.between(0.5, 1.5), allocate(3 * MB)),
  slow: () => sleep(5 * MEAN_MS * random.between(0.5, 1.5)),
  quick: () => sleep(MEAN_MS * random.between(0.5, 1.5)),
};

const readRssBytes = ownRssReader();
const startBytes = readRssBytes();
const monitor = new JobMonitor({ maxJobNames: 10, readRssBytes, nowMs: () => performance.now(), tellEnd: () => {} });
const netBytes = new Map<string, number>();
function collect(): void {
  for (const { attributes, netBytes: bytes } of monitor.takeNetChanges()) {
    const name = String(attributes['bullmq.job.name']);
    netBytes.set(name, (netBytes.get(name) ?? 0) + bytes);
  }
}

const endsAtMs = performance.now() + 1000 * seconds;
const collecting = setInterval(collect, EXPORT_MS);
await Promise.all(
  Array.from({ length: 10 }, async () => {
    while (performance.now() < endsAtMs) {
      const name = random.pick(Object.keys(WORK));
      const run = monitor.begin({ queue: 'q', name, sandbox: null });
      await WORK[name]?.();
      monitor.end(run, 'completed');
    }
  }),
);
clearInterval(collecting);
collect();

const charged = [...netBytes].map(([name, bytes]) => `${name} ${(bytes / MB).toFixed(0)} MB`).join(', ');
process.stdout.write(
  `RSS grew by ${((readRssBytes() - startBytes) / MB).toFixed(0)} MB; ${kept.length} jobs leaked\n${charged}\n`,
);
