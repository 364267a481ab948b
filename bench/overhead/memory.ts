import { setTimeout as delay } from 'node:timers/promises';
import { Random } from '../../evaluation/random.ts';
import { startRedis } from '../../src/testbed/servers/redis-server.ts';
import { Contestant, type SettledMemory } from './contestant.ts';
import { JobFeeder } from './job-stock.ts';
import { Receiver } from './receiver.ts';
import { type Estimate, estimate } from './statistics.ts';
import type { Variant } from './variants.ts';

const CONCURRENCY = 50;
const JOB_NAMES = 100;
/** Enough that the code that exports is loaded and warm; three of them are awaited. */
const EXPORT_EVERY_MS = 1_000;
const EXPORTS = 3;
/** The CPU time of exports is measured over this time. */
const IDLE_SECONDS = 8;
const MAX_WAITING_JOBS = 20_000;
const POLL_MS = 20;
const POLL_DEADLINE_MS = 600_000;

export interface MemoryOptions {
  readonly rounds: number;
  /** Each with the variant that its RSS is compared with; that one is measured too. */
  readonly variants: readonly { readonly variant: Variant; readonly over: Variant }[];
  readonly warmUpJobs: number;
  /** Jobs after which memory is measured once more; null: not. */
  readonly growthUntilJobs: number | null;
  readonly say: (text: string) => void;
}

interface Measured {
  readonly warm: SettledMemory;
  /** While there was no job, per second, which is per export where there are exports. */
  readonly idleCpuMsPerSecond: number;
  readonly late: SettledMemory | null;
}

export interface MemoryFigures {
  readonly variant: Variant;
  readonly over: Variant;
  readonly exportCpuMs: Estimate;
  readonly rssOverBytes: Estimate;
  /** The same by pages that are not file-backed; null if the system does not report them. */
  readonly anonymousOverBytes: Estimate | null;
  /** From the warm-up to the end; null where it was not measured. */
  readonly growthBytes: Estimate | null;
  /** That minus the other's growth. */
  readonly growthOverBytes: Estimate | null;
}

/** One process after the other, each variant once a round. */
export async function measureMemory(options: MemoryOptions): Promise<readonly MemoryFigures[]> {
  const all = [...new Set(options.variants.flatMap(({ variant, over }) => [over, variant]))];
  const random = new Random(1);
  const rounds: ReadonlyMap<Variant, Measured>[] = [];
  for (let count = 1; count <= options.rounds; count++) {
    const measured = new Map<Variant, Measured>();
    for (const variant of random.shuffled(all)) {
      options.say(`memory: round ${count} of ${options.rounds}, ${variant.label}`);
      measured.set(variant, await measureOnce(variant, options));
    }
    rounds.push(measured);
  }
  return options.variants.map((pair) => figuresOf(pair, rounds));
}

async function measureOnce(variant: Variant, { warmUpJobs, growthUntilJobs }: MemoryOptions): Promise<Measured> {
  const receiver = await Receiver.start();
  const redis = await startRedis();
  const contestant = new Contestant({
    variant,
    redis,
    receiver,
    concurrency: CONCURRENCY,
    work: 'none',
    exportEveryMs: EXPORT_EVERY_MS,
    nodeArgs: ['--expose-gc'],
    // What glibc keeps in arenas of its own per thread is chance.
    env: { MALLOC_ARENA_MAX: '1' },
  });
  const feeder = new JobFeeder(redis.port, JOB_NAMES);
  try {
    await contestant.ask('run');
    await runJobs(contestant, feeder, warmUpJobs);
    await exported(variant, receiver);
    const warm = await contestant.ask('settledMemory');
    const idleCpuMsPerSecond = await idleCpu(contestant);
    if (growthUntilJobs === null) return { warm, idleCpuMsPerSecond, late: null };
    await runJobs(contestant, feeder, growthUntilJobs);
    await exported(variant, receiver);
    return { warm, idleCpuMsPerSecond, late: await contestant.ask('settledMemory') };
  } finally {
    await feeder.close();
    await contestant.stop();
    receiver.stop();
  }
}

/** Waits until that number of jobs has run. */
async function runJobs(contestant: Contestant, feeder: JobFeeder, total: number): Promise<void> {
  for (let added = feeder.added; added < total; added = feeder.added) {
    await until('the worker takes jobs', async () => (await feeder.waiting()) < MAX_WAITING_JOBS);
    await feeder.fillTo(Math.min(total, added + MAX_WAITING_JOBS));
  }
  await until(`${total} jobs have run`, async () => (await contestant.ask('usage')).jobs >= total);
}

/** A variant without exports waits as long. */
async function exported({ name, mustExport }: Variant, receiver: Receiver): Promise<void> {
  if (mustExport === null) {
    await delay(EXPORTS * EXPORT_EVERY_MS);
    return;
  }
  const enough = receiver.exportsOf(name) + EXPORTS;
  await until(
    `"${name}" exports ${mustExport}`,
    async () => receiver.has(name, mustExport) && receiver.exportsOf(name) >= enough,
  );
}

async function idleCpu(contestant: Contestant): Promise<number> {
  const before = await contestant.ask('usage');
  await delay(IDLE_SECONDS * 1000);
  const after = await contestant.ask('usage');
  return (after.cpuUs - before.cpuUs) / 1000 / IDLE_SECONDS;
}

async function until(what: string, condition: () => Promise<boolean>): Promise<void> {
  const deadlineMs = performance.now() + POLL_DEADLINE_MS;
  while (!(await condition())) {
    if (performance.now() > deadlineMs) throw new Error(`${what}: not within ${POLL_DEADLINE_MS / 1000} s`);
    await delay(POLL_MS);
  }
}

function figuresOf(
  { variant, over }: MemoryOptions['variants'][number],
  rounds: readonly ReadonlyMap<Variant, Measured>[],
): MemoryFigures {
  const pairs = rounds.map((round) => ({ own: found(round, variant), other: found(round, over) }));
  const growth = ({ warm, late }: Measured) => (late === null ? null : late.rssBytes - warm.rssBytes);
  const anonymous = ({ warm }: Measured) => warm.anonymousBytes;
  return {
    variant,
    over,
    exportCpuMs: estimate(pairs.map(({ own, other }) => own.idleCpuMsPerSecond - other.idleCpuMsPerSecond)),
    rssOverBytes: estimate(pairs.map(({ own, other }) => own.warm.rssBytes - other.warm.rssBytes)),
    anonymousOverBytes: estimateKnown(pairs.map(({ own, other }) => less(anonymous(own), anonymous(other)))),
    growthBytes: estimateKnown(pairs.map(({ own }) => growth(own))),
    growthOverBytes: estimateKnown(pairs.map(({ own, other }) => less(growth(own), growth(other)))),
  };
}

function found(round: ReadonlyMap<Variant, Measured>, variant: Variant): Measured {
  const measured = round.get(variant);
  if (measured === undefined) throw new Error(`"${variant.name}" was not measured`);
  return measured;
}

function less(one: number | null, other: number | null): number | null {
  return one === null || other === null ? null : one - other;
}

function estimateKnown(numbers: readonly (number | null)[]): Estimate | null {
  const known = numbers.filter((number) => number !== null);
  return known.length < numbers.length ? null : estimate(known);
}
