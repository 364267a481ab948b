import { Random } from '../../evaluation/random.ts';
import { type Allocation, Contestant, type Work } from './contestant.ts';
import { JobStock } from './job-stock.ts';
import { Receiver } from './receiver.ts';
import { type Estimate, estimate, estimateOverBlocks } from './statistics.ts';
import { type Block, type Share, Turns } from './turns.ts';
import { BARE, type Variant } from './variants.ts';

export interface Scenario {
  readonly label: string;
  readonly concurrency: number;
  readonly work: Work;
  /** Each but `BARE` is paired with it. */
  readonly variants: readonly Variant[];
}

export interface SpeedOptions {
  /** Each with fresh processes. */
  readonly rounds: number;
  /** No-op jobs of each process before anything else. Counted, because a busy machine does few in a given time. */
  readonly warmUpJobs: number;
  /** After that, once the jobs do their work. */
  readonly warmUpTurns: number;
  readonly blocks: number;
  readonly turnsPerBlock: number;
  readonly allocationTurns: number;
  readonly say: (text: string) => void;
}

/** What the machines of today do not do; more jobs than that are not needed. */
const MAX_JOBS_PER_SECOND = 40_000;
const TURNS_PER_SECOND = 20;
/** Turns in which questions are asked. */
const EXTRA_TURNS = 6;
const JOB_NAMES = 10;
/**
 * None within a round: in turns one would weigh several times what it weighs in a process that runs alone. What an
 * export costs is measured by itself (memory.ts).
 */
const EXPORT_EVERY_MS = 3_600_000;

/** A variant and bare, taking turns. */
interface Pair {
  readonly variant: Variant;
  readonly blocks: readonly Block[];
  readonly allocations: ReadonlyMap<string, Allocation>;
}

/** What was measured of one variant; differences and ratios are to the bare process of the same pair. */
export interface SpeedFigures {
  readonly variant: Variant;
  readonly cpuUsPerJob: Estimate;
  readonly cpuOverBareUs: Estimate;
  readonly jobsPerSecond: Estimate;
  readonly throughputRatio: Estimate;
  readonly allocatedBytesOverBare: Estimate;
}

/** Runs a scenario's variants in turns and compares them. */
export async function measureSpeed(scenario: Scenario, options: SpeedOptions): Promise<readonly SpeedFigures[]> {
  const { warmUpJobs, warmUpTurns, blocks, turnsPerBlock, allocationTurns, say } = options;
  const turns = warmUpTurns + blocks * turnsPerBlock + allocationTurns + EXTRA_TURNS;
  // The faster process goes on until the slower one is warm.
  const jobs = 2 * warmUpJobs + Math.ceil((turns / TURNS_PER_SECOND) * MAX_JOBS_PER_SECOND);
  const receiver = await Receiver.start();
  say(`${scenario.label}: filling a queue with ${jobs} jobs`);
  const stock = await JobStock.fill({ jobs, nameCount: JOB_NAMES });
  try {
    const pairs: Pair[] = [];
    const random = new Random(1);
    const rivals = scenario.variants.filter((variant) => variant !== BARE);
    for (let count = 1; count <= options.rounds; count++) {
      for (const variant of random.shuffled(rivals)) {
        say(`${scenario.label}: round ${count} of ${options.rounds}, ${variant.label}`);
        pairs.push(await runPair({ scenario, variant, options, stock, receiver, random: random.fork() }));
      }
    }
    mustHaveExported(scenario.variants, receiver);
    return scenario.variants.map((variant) => figuresOf(variant, pairs));
  } finally {
    stock.remove();
    receiver.stop();
  }
}

interface PairParts {
  readonly scenario: Scenario;
  readonly variant: Variant;
  readonly options: SpeedOptions;
  readonly stock: JobStock;
  readonly receiver: Receiver;
  readonly random: Random;
}

async function runPair({ scenario, variant: rival, options, stock, receiver, random }: PairParts): Promise<Pair> {
  const contestants: Contestant[] = [];
  try {
    for (const variant of random.shuffled([BARE, rival])) {
      const redis = await stock.serve();
      const { concurrency, work } = scenario;
      contestants.push(new Contestant({ variant, redis, receiver, concurrency, work, exportEveryMs: EXPORT_EVERY_MS }));
    }
    for (const contestant of contestants) {
      await contestant.ask('run');
      contestant.pause();
    }
    const turns = new Turns(contestants, random);
    await turns.warmUpJobs(options.warmUpJobs);
    await turns.askAll((contestant) => contestant.ask('startWork'));
    // Again: the first jobs of another kind take paths that V8 has not compiled yet, in BullMQ and in what is measured.
    await turns.warmUp(options.warmUpTurns);
    const blocks = await turns.measure(options.blocks, options.turnsPerBlock);
    await turns.askAll((contestant) => contestant.ask('beginAllocation'));
    await turns.warmUp(options.allocationTurns);
    const allocations = await turns.askAll((contestant) => contestant.ask('allocation'));
    for (const [name, { jobs }] of await turns.askAll((contestant) => contestant.ask('usage'))) {
      if (jobs >= stock.jobs) throw new Error(`"${name}" did all of its ${jobs} jobs before its time was over`);
    }
    await turns.askAll((contestant) => contestant.ask('close'));
    return { variant: rival, blocks, allocations };
  } finally {
    for (const contestant of contestants) await contestant.stop();
  }
}

function mustHaveExported(variants: readonly Variant[], receiver: Receiver): void {
  for (const { name, mustExport } of variants) {
    if (mustExport !== null && !receiver.has(name, mustExport)) {
      throw new Error(`"${name}" exported no ${mustExport} (${receiver.exportsOf(name)} exports): it was not measured`);
    }
  }
}

/** Of `BARE` itself by all of its processes. */
function figuresOf(variant: Variant, pairs: readonly Pair[]): SpeedFigures {
  const own = variant === BARE ? pairs : pairs.filter((pair) => pair.variant === variant);
  const blocks = own.map((pair) => pair.blocks);
  const difference = (of: readonly Block[], figure: (share: Share) => number) =>
    figure(totalOf(of, variant)) - figure(totalOf(of, BARE));
  const allocated = ({ allocations }: Pair) => bytesPerJob(allocations, variant) - bytesPerJob(allocations, BARE);
  return {
    variant,
    cpuUsPerJob: estimateOverBlocks(blocks, (of) => cpuUsPerJob(totalOf(of, variant))),
    cpuOverBareUs: estimateOverBlocks(blocks, (of) => difference(of, cpuUsPerJob)),
    jobsPerSecond: estimateOverBlocks(blocks, (of) => jobsPerSecond(totalOf(of, variant))),
    throughputRatio: estimateOverBlocks(
      blocks,
      (of) => jobsPerSecond(totalOf(of, variant)) / jobsPerSecond(totalOf(of, BARE)),
    ),
    allocatedBytesOverBare: estimate(own.map(allocated)),
  };
}

function totalOf(blocks: readonly Block[], { name }: Variant): Share {
  const total = { jobs: 0, cpuUs: 0, runningMs: 0 };
  for (const block of blocks) {
    const { jobs = 0, cpuUs = 0, runningMs = 0 } = block.get(name) ?? {};
    total.jobs += jobs;
    total.cpuUs += cpuUs;
    total.runningMs += runningMs;
  }
  return total;
}

function cpuUsPerJob({ cpuUs, jobs }: Share): number {
  return cpuUs / jobs;
}

function jobsPerSecond({ jobs, runningMs }: Share): number {
  return jobs / (runningMs / 1000);
}

function bytesPerJob(allocations: ReadonlyMap<string, Allocation>, { name }: Variant): number {
  const { allocatedBytes, jobs } = allocations.get(name) ?? { allocatedBytes: Number.NaN, jobs: 1 };
  return allocatedBytes / jobs;
}
