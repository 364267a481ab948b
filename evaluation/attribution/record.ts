import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Queue } from 'bullmq';
import { startRedis } from '../../src/testbed/servers/redis-server.ts';
import { Random } from '../random.ts';
import { DEMO_NODE_OPTIONS, importQueueOf, produceDemo } from './demo-work.ts';
import { planOf, type RunPlan, SPLITS, type SplitName, seedsOf } from './plan.ts';
import { readRecording } from './recording.ts';

const HELP = `npm run record:attribution -- [options]: records real BullMQ workers, one run per seed

  --split NAME   ${Object.keys(SPLITS).join(', ')} (default: all)
  --seed N,M     only these seeds
  --out DIR      where the recordings are written (default evaluation/attribution/data)
`;
const WORKER = fileURLToPath(new URL('./recorded-worker.ts', import.meta.url));
const DATA = fileURLToPath(new URL('./data/', import.meta.url));
const QUEUE = 'attribution';
/** Jobs of one burst per unit of concurrency, and the pause after it in mean job durations. */
const BURST_ROUNDS = 8;
const PAUSE_ROUNDS = 3;
const BULK_JOBS = 1000;
/** Burns a core for as long as its parent lives. */
const HOG = 'const parent = process.ppid; while (process.ppid === parent);';

async function record(seed: number, outDir: string): Promise<void> {
  const plan = planOf(seed);
  const path = join(outDir, `${seed}.json.gz`);
  const redis = await startRedis();
  const hogs = Array.from({ length: plan.cpuHogs }, () => spawn(process.execPath, ['-e', HOG]));
  const connection = { url: redis.url, maxRetriesPerRequest: null };
  const queue = new Queue(QUEUE, { connection });
  const importQueue = new Queue(importQueueOf(QUEUE), { connection });
  try {
    const worker = spawn(process.execPath, [...(plan.isDemo ? DEMO_NODE_OPTIONS : []), WORKER], {
      env: { PATH: process.env.PATH, REDIS_URL: redis.url, RECORDED_QUEUE: QUEUE, SEED: String(seed), OUT: path },
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    const ended = once(worker, 'exit');
    await Promise.race([once(worker, 'message'), ended]);
    await (plan.isDemo ? produceDemo(queue, importQueue, seed) : produce(queue, plan, worker));
    const [code] = await ended;
    if (code !== 0) throw new Error(`the worker of seed ${seed} ended with code ${code}`);
    process.stdout.write(`${path}: ${summaryOf(path)}\n`);
  } finally {
    for (const hog of hogs) hog.kill('SIGKILL');
    await Promise.all([queue.close(), importQueue.close()]);
    await redis.stop();
  }
}

async function produce(queue: Queue, plan: RunPlan, worker: ChildProcess): Promise<void> {
  const random = new Random(plan.seed).fork();
  const meanMs = plan.names.reduce((sum, name) => sum + name.meanMs, 0) / plan.names.length;
  const burst = plan.inBursts ? plan.concurrency * BURST_ROUNDS : BULK_JOBS;
  for (let added = 0; added < plan.jobs && worker.exitCode === null; added += burst) {
    const count = Math.min(burst, plan.jobs - added);
    const jobs = Array.from({ length: count }, () => ({ name: random.pick(plan.names).name, data: null }));
    await queue.addBulk(jobs.map((job) => ({ ...job, opts: { removeOnComplete: true } })));
    if (plan.inBursts) await sleep(meanMs * random.between(0, BURST_ROUNDS + 2 * PAUSE_ROUNDS));
  }
}

function summaryOf(path: string): string {
  const { plan, events, startRssBytes, keptBytes } = readRecording(path);
  const last = events.at(-1);
  const grownMb = Math.round(((last?.rssBytes ?? 0) - startRssBytes) / 1e6);
  const keptMb = Math.round(keptBytes.reduce((sum, bytes) => sum + bytes, 0) / 1e6);
  const collections = events.filter(({ kind }) => kind === 'collection').length;
  const seconds = Math.round((last?.timeMs ?? 0) / 1000);
  return (
    `${plan.jobs} jobs of ${plan.names.length} names, ${plan.concurrency} at a time, ${seconds} s, ` +
    `RSS grew by ${grownMb} MB, ${keptMb} MB kept, ${collections} major collections`
  );
}

const { values } = parseArgs({
  options: {
    split: { type: 'string', multiple: true },
    seed: { type: 'string' },
    out: { type: 'string', default: DATA },
    help: { type: 'boolean' },
  },
});
if (values.help) process.stdout.write(HELP);
else {
  mkdirSync(values.out, { recursive: true });
  const splits = (values.split ?? Object.keys(SPLITS)) as SplitName[];
  const seeds = values.seed === undefined ? splits.flatMap(seedsOf) : values.seed.split(',').map(Number);
  for (const seed of seeds) await record(seed, values.out);
}
