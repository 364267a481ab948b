import { spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Queue } from 'bullmq';
import { startRedis } from '../../src/testbed/servers/redis-server.ts';
import { Random } from '../random.ts';
import { RECORDED_FAMILIES } from './families.ts';
import { BEFORE_START_MS, type PlannedWork, type RecordedFamily, SAMPLE_MS } from './family.ts';
import type { WorkerSample } from './worker.ts';

const HELP = `npm run record -- [options]: records real BullMQ workers, one for each family

  --family A,B   only these (default: all)
  --seed N,M     of sizes and times of the jobs; one recording for each (default 1)
  --out DIR      where the recordings are written (default evaluation/recordings/data)
  --at-a-time N  recordings at the same time (default 2)
  --tries N      of each recording, where the machine was too busy for it (default 3)
`;

const WORKER = fileURLToPath(new URL('./worker.ts', import.meta.url));
const DATA = fileURLToPath(new URL('./data/', import.meta.url));
const QUEUE = 'recorded';
const LEAD_MS = 20;
const DEFAULT_CONCURRENCY = 16;
const JOB_OPTIONS = { removeOnComplete: true };

/** A recording with a longer gap shows the machine it ran on, not the worker. */
const MAX_GAP_MS = 2000;

/** Over this fraction of the quota for twenty seconds, which is longer than a sawtooth peak lasts. */
const OVER_FRACTION = 1.05;
const OVER_SAMPLES = 100;

const HEADER = 'time_ms,rss_bytes,heap_used_bytes,external_bytes,active_jobs,completed_jobs';

interface Recording {
  readonly family: RecordedFamily;
  readonly seed: number;
}

/**
 * Runs one worker by the family's plan, and writes its samples. False if the machine was too busy; nothing is written
 * then.
 */
async function record({ family, seed }: Recording, outDir: string): Promise<boolean> {
  const redis = await startRedis();
  try {
    const samples = await runWorker(redis.url, { family, seed });
    const path = join(outDir, `${family.name}-${seed}.csv`);
    const gapMs = longestGapMs(samples);
    const isKept = gapMs <= MAX_GAP_MS;
    if (isKept) writeFileSync(path, csvOf(samples));
    const fate = isKept ? '' : '; not kept, the machine was too busy';
    process.stdout.write(`${path}: ${summaryOf(samples, family)}; longest gap ${gapMs} ms${fate}\n`);
    return isKept;
  } finally {
    await redis.stop();
  }
}

async function runWorker(url: string, { family, seed }: Recording): Promise<readonly WorkerSample[]> {
  const queue = new Queue(QUEUE, { connection: { url, maxRetriesPerRequest: null } });
  try {
    const planned = planOf({ family, seed });
    await addAll(
      queue,
      planned.filter(({ atMs }) => atMs === BEFORE_START_MS),
    );
    return await watchWorker(url, family, (isOver) =>
      produce(
        queue,
        planned.filter(({ atMs }) => atMs !== BEFORE_START_MS),
        { endMs: family.seconds * 1000, isOver },
      ),
    );
  } finally {
    await queue.close();
  }
}

/** The jobs of a recording that are added before its end, in the order of time. */
function planOf({ family, seed }: Recording): readonly PlannedWork[] {
  const endMs = family.seconds * 1000;
  const planned = family.plan(new Random(seed)).filter(({ atMs }) => atMs < endMs);
  return planned.toSorted((a, b) => a.atMs - b.atMs);
}

/**
 * Starts a worker and collects its samples until `produce`, which begins at its first sample, has ended.
 *
 * @param produce gets a function that says whether the worker has been over its quota for too long
 */
async function watchWorker(
  url: string,
  family: RecordedFamily,
  produce: (isOver: () => boolean) => Promise<void>,
): Promise<readonly WorkerSample[]> {
  const samples: WorkerSample[] = [];
  const worker = spawn(process.execPath, ['--expose-gc', ...(family.nodeFlags ?? []), WORKER], {
    env: {
      PATH: process.env.PATH,
      REDIS_URL: url,
      RECORDED_QUEUE: QUEUE,
      RECORDED_CONCURRENCY: String(family.concurrency ?? DEFAULT_CONCURRENCY),
      SAMPLE_MS: String(SAMPLE_MS),
    },
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const ended = new Promise<void>((resolve) => worker.once('exit', () => resolve()));
  const firstSample = new Promise<void>((resolve) => worker.once('message', () => resolve()));
  worker.on('message', (message) => samples.push(message as WorkerSample));
  try {
    await Promise.race([firstSample, ended]);
    await Promise.race([produce(() => isOverQuota(samples, family)), ended]);
    if (worker.exitCode !== null || worker.signalCode !== null)
      throw new Error(`the worker of ${family.name} ended before its recording was over`);
    return samples;
  } finally {
    if (worker.connected) worker.disconnect();
    await ended;
  }
}

interface Production {
  readonly endMs: number;
  readonly isOver: () => boolean;
}

/** Adds the jobs at their times, until the recording is over. */
async function produce(queue: Queue, planned: readonly PlannedWork[], { endMs, isOver }: Production): Promise<void> {
  const startMs = performance.now();
  const until = (atMs: number) => sleep(Math.max(0, atMs - (performance.now() - startMs)));
  for (const { atMs, work } of planned) {
    if (atMs - (performance.now() - startMs) > LEAD_MS) await until(atMs);
    if (isOver()) return;
    await queue.add(work.kind, work, JOB_OPTIONS);
  }
  await until(endMs);
}

async function addAll(queue: Queue, planned: readonly PlannedWork[]): Promise<void> {
  await queue.addBulk(planned.map(({ work }) => ({ name: work.kind, data: work, opts: JOB_OPTIONS })));
}

/**
 * A leak that the platform would soon have killed: later samples mean nothing. A load over the quota falls back by
 * itself.
 */
function isOverQuota(samples: readonly WorkerSample[], { expected, quotaMiB }: RecordedFamily): boolean {
  if (expected !== 'leak') return false;
  const last = samples.slice(-OVER_SAMPLES);
  return last.length === OVER_SAMPLES && last.every(({ rssBytes }) => rssBytes > OVER_FRACTION * quotaMiB * 1024 ** 2);
}

function csvOf(samples: readonly WorkerSample[]): string {
  const rows = samples.map((sample) =>
    [
      sample.timeMs,
      sample.rssBytes,
      sample.heapUsedBytes,
      sample.externalBytes,
      sample.activeJobs,
      sample.completedJobs,
    ].join(','),
  );
  return `${[HEADER, ...rows].join('\n')}\n`;
}

function longestGapMs(samples: readonly WorkerSample[]): number {
  const times = samples.map(({ timeMs }) => timeMs);
  return Math.max(0, ...times.slice(1).map((timeMs, index) => timeMs - (times[index] ?? timeMs)));
}

function summaryOf(samples: readonly WorkerSample[], { quotaMiB }: RecordedFamily): string {
  const rss = samples.map(({ rssBytes }) => Math.round(rssBytes / 1024 ** 2));
  return (
    `${samples.length} samples, RSS ${Math.min(...rss)} to ${Math.max(...rss)}, ` +
    `at the end ${rss.at(-1)} of ${quotaMiB} MiB`
  );
}

function familyNamed(name: string): RecordedFamily {
  const family = RECORDED_FAMILIES.find((other) => other.name === name);
  if (family === undefined)
    throw new RangeError(`no family ${name}; there are ${RECORDED_FAMILIES.map(({ name }) => name).join(', ')}`);
  return family;
}

function wholeNumber(name: string, text: string): number {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 1) throw new RangeError(`--${name}: "${text}" is no whole number over 0`);
  return number;
}

const { values } = parseArgs({
  options: {
    family: { type: 'string' },
    seed: { type: 'string', default: '1' },
    out: { type: 'string', default: DATA },
    'at-a-time': { type: 'string', default: '2' },
    tries: { type: 'string', default: '3' },
    help: { type: 'boolean', default: false },
  },
});

if (values.help) {
  process.stdout.write(HELP);
} else {
  const families = values.family?.split(',').map(familyNamed) ?? RECORDED_FAMILIES;
  const seeds = values.seed.split(',').map((text) => wholeNumber('seed', text));
  const waiting = seeds.flatMap((seed) => families.map((family): Recording => ({ family, seed })));
  mkdirSync(values.out, { recursive: true });
  const tries = wholeNumber('tries', values.tries);
  const recordOne = async (recording: Recording) => {
    for (let count = 1; count <= tries; count += 1) if (await record(recording, values.out)) return;
    process.exitCode = 1;
  };
  const recordSome = async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) await recordOne(next);
  };
  await Promise.all(Array.from({ length: wholeNumber('at-a-time', values['at-a-time']) }, recordSome));
}
