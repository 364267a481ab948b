import { Random } from '../../evaluation/random.ts';
import { type Allocation, Contestant, type Work } from './contestant.ts';
import { JobStock } from './job-stock.ts';
import { Receiver } from './receiver.ts';
import { type Estimate, estimate, estimateOverBlocks } from './statistics.ts';
import { type Block, type Share, Turns } from './turns.ts';
import { BARE, BARE_AGAIN, type Variant } from './variants.ts';

export interface Scenario {
  readonly label: string;
  readonly concurrency: number;
  readonly work: Work;
  /** `BARE` and `BARE_AGAIN` among them. */
  readonly variants: readonly Variant[];
}

export interface SpeedOptions {
  /** Each with fresh processes. */
  readonly rounds: number;
  readonly warmUpTurns: number;
  readonly blocks: number;
  readonly turnsPerBlock: number;
  readonly allocationTurns: number;
  readonly say: (text: string) => void;
}

/** What the machines of today do not do; more jobs than that are not needed. */
const MOST_JOBS_PER_SECOND = 50_000;
const TURNS_PER_SECOND = 20;
/** Turns in which questions are asked. */
const EXTRA_TURNS = 6;
const JOB_NAMES = 10;
/**
 * None within a round: in turns one would weigh several times what it weighs in a process that runs alone. What an export costs is measured
 * by itself (memory.ts).
 */
const EXPORT_EVERY_MS = 3_600_000;

interface Round {
  readonly blocks: readonly Block[];
  readonly allocations: ReadonlyMap<string, Allocation>;
}

/** What was measured of one variant; differences and ratios are to the two bare processes of the same round together. */
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
  const { warmUpTurns, blocks, turnsPerBlock, allocationTurns, say } = options;
  const turns = warmUpTurns + blocks * turnsPerBlock + allocationTurns + EXTRA_TURNS;
  const jobs = Math.ceil((turns / TURNS_PER_SECOND) * MOST_JOBS_PER_SECOND);
  const receiver = await Receiver.start();
  say(`${scenario.label}: filling a queue with ${jobs} jobs`);
  const stock = await JobStock.fill({ jobs, nameCount: JOB_NAMES });
  try {
    const rounds: Round[] = [];
    for (let count = 1; count <= options.rounds; count++) {
      say(`${scenario.label}: round ${count} of ${options.rounds}`);
      rounds.push(await runRound({ scenario, options, stock, receiver, random: new Random(count) }));
    }
    mustHaveExported(scenario.variants, receiver);
    return scenario.variants.map((variant) => figuresOf(variant, rounds));
  } finally {
    stock.remove();
    receiver.stop();
  }
}

interface RoundParts {
  readonly scenario: Scenario;
  readonly options: SpeedOptions;
  readonly stock: JobStock;
  readonly receiver: Receiver;
  readonly random: Random;
}

async function runRound({ scenario, options, stock, receiver, random }: RoundParts): Promise<Round> {
  const contestants: Contestant[] = [];
  try {
    for (const variant of scenario.variants) {
      const redis = await stock.serve();
      const { concurrency, work } = scenario;
      contestants.push(new Contestant({ variant, redis, receiver, concurrency, work, exportEveryMs: EXPORT_EVERY_MS }));
    }
    for (const contestant of contestants) {
      await contestant.ask('run');
      contestant.pause();
    }
    const turns = new Turns(contestants, random);
    await turns.warmUp(options.warmUpTurns);
    await turns.askAll((contestant) => contestant.ask('startWork'));
    const blocks = await turns.measure(options.blocks, options.turnsPerBlock);
    await turns.askAll((contestant) => contestant.ask('beginAllocation'));
    await turns.warmUp(options.allocationTurns);
    const allocations = await turns.askAll((contestant) => contestant.ask('allocation'));
    for (const [name, { jobs }] of await turns.askAll((contestant) => contestant.ask('usage'))) {
      if (jobs >= stock.jobs) throw new Error(`"${name}" did all of its ${jobs} jobs before its time was over`);
    }
    await turns.askAll((contestant) => contestant.ask('close'));
    return { blocks, allocations };
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

function figuresOf(variant: Variant, rounds: readonly Round[]): SpeedFigures {
  const blocks = rounds.map((round) => round.blocks);
  const own = (of: readonly Block[]) => totalOf(of, [variant]);
  const bare = (of: readonly Block[]) => totalOf(of, referenceFor(variant));
  const allocated = ({ allocations }: Round) =>
    bytesPerJob(allocations, [variant]) - bytesPerJob(allocations, referenceFor(variant));
  return {
    variant,
    cpuUsPerJob: estimateOverBlocks(blocks, (of) => cpuUsPerJob(own(of))),
    cpuOverBareUs: estimateOverBlocks(blocks, (of) => cpuUsPerJob(own(of)) - cpuUsPerJob(bare(of))),
    jobsPerSecond: estimateOverBlocks(blocks, (of) => jobsPerSecond(own(of))),
    throughputRatio: estimateOverBlocks(blocks, (of) => jobsPerSecond(own(of)) / jobsPerSecond(bare(of))),
    allocatedBytesOverBare: estimate(rounds.map(allocated)),
  };
}

/** The two bare ones are compared with one another, all others with both. */
function referenceFor(variant: Variant): readonly Variant[] {
  return variant === BARE_AGAIN ? [BARE] : [BARE, BARE_AGAIN];
}

function totalOf(blocks: readonly Block[], variants: readonly Variant[]): Share {
  const total = { jobs: 0, cpuUs: 0, runningMs: 0 };
  for (const block of blocks) {
    for (const { name } of variants) {
      const { jobs = 0, cpuUs = 0, runningMs = 0 } = block.get(name) ?? {};
      total.jobs += jobs;
      total.cpuUs += cpuUs;
      total.runningMs += runningMs;
    }
  }
  return total;
}

function cpuUsPerJob({ cpuUs, jobs }: Share): number {
  return cpuUs / jobs;
}

function jobsPerSecond({ jobs, runningMs }: Share): number {
  return jobs / (runningMs / 1000);
}

function bytesPerJob(allocations: ReadonlyMap<string, Allocation>, variants: readonly Variant[]): number {
  let allocatedBytes = 0;
  let jobs = 0;
  for (const { name } of variants) {
    allocatedBytes += allocations.get(name)?.allocatedBytes ?? 0;
    jobs += allocations.get(name)?.jobs ?? 0;
  }
  return allocatedBytes / jobs;
}
