/**
 * What Tidemark costs a worker: CPU, throughput, allocation and memory, each against the same worker without it,
 * measured in one go.
 *
 *   npm run bench:overhead -- [--only cpu,throughput,allocation,memory,export,growth] [--jobs 'at concurrency 1']
 *     [--rounds 8] [--quick] [--full]
 *
 * - CPU, throughput, allocation: pairs of fresh processes, bare and one variant, each with its own Redis, that take
 *   turns of 50 ms (overhead/turns.ts), once a round for each variant, after 60,000 no-op jobs each, 50 at a time, and
 *   3 s of the measured jobs (before about 50,000 jobs, V8's compilation dominates the figures). CPU is
 *   `process.cpuUsage` of the worker's process over the jobs it did, throughput the jobs per running second, allocation
 *   what V8's collections report (overhead/measured/worker.mjs), in a separate part. It contains no export: 10 s of
 *   jobs would contain one, whose cost is measured separately.
 * - Memory: one process at a time, RSS once garbage is collected until nothing changes, MALLOC_ARENA_MAX=1 in all.
 *
 * Processes of one kind differ, by 2 % with one job at a time. A figure accurate to half of that takes a dozen rounds;
 * `--jobs` runs only the jobs whose description has these words in it.
 *
 * Medians over the rounds, with the 95 % interval of a bootstrap over rounds and the blocks in them. `--full`: growth
 * over a million jobs instead of 100,000. `--quick` only checks that the benchmark works; its figures mean nothing. The
 * exit code is 0 for any figures. Needs a build; takes about an hour, and a machine that does nothing else.
 */
import { parseArgs } from 'node:util';
import { describeMachine } from './overhead/machine.ts';
import { measureMemory } from './overhead/memory.ts';
import {
  allocationTable,
  CPU_TARGETS,
  cpuTable,
  exportTable,
  growthTable,
  memoryTable,
  throughputTable,
} from './overhead/report.ts';
import { measureSpeed, type Scenario, type SpeedFigures, type SpeedOptions } from './overhead/speed.ts';
import {
  APP_ALONE,
  BARE,
  BARE_AGAIN,
  BULLMQ_OTEL,
  NAIVE_WRAPPER,
  TIDEMARK_ALONE,
  TIDEMARK_ON_APP,
  TIDEMARK_PRELOADED,
} from './overhead/variants.ts';

const PARTS = ['cpu', 'throughput', 'allocation', 'memory', 'export', 'growth'] as const;
type Part = (typeof PARTS)[number];

const OURS = [BARE, BARE_AGAIN, TIDEMARK_ALONE, TIDEMARK_ON_APP];
const ALL = [...OURS, BULLMQ_OTEL, NAIVE_WRAPPER];

const NO_OP_AT_50: Scenario = { label: 'no-op jobs at concurrency 50', concurrency: 50, work: 'none', variants: ALL };

/** Where throughput is measured, and the minimum fraction of the bare worker's. */
const THROUGHPUTS: readonly { readonly scenario: Scenario; readonly least: number }[] = [
  { scenario: NO_OP_AT_50, least: 0.98 },
  {
    scenario: { label: 'no-op jobs at concurrency 1', concurrency: 1, work: 'none', variants: ALL },
    least: 0.98,
  },
  {
    scenario: {
      label: 'jobs that compute for 1 ms, at concurrency 50',
      concurrency: 50,
      work: 'compute',
      variants: OURS,
    },
    least: 0.99,
  },
  {
    scenario: { label: 'jobs that wait for 1 ms, at concurrency 1', concurrency: 1, work: 'wait', variants: OURS },
    least: 0.99,
  },
];

const { values } = parseArgs({
  options: {
    only: { type: 'string', default: PARTS.join(',') },
    jobs: { type: 'string', default: '' },
    rounds: { type: 'string' },
    quick: { type: 'boolean', default: false },
    full: { type: 'boolean', default: false },
  },
});
const { quick } = values;
const parts = partsOf(values.only);
const say = (text: string) => void process.stderr.write(`${text}\n`);
const speedOptions: SpeedOptions = {
  ...(quick
    ? { rounds: 2, warmUpJobs: 500, warmUpTurns: 4, blocks: 2, turnsPerBlock: 3, allocationTurns: 2 }
    : { rounds: 6, warmUpJobs: 60_000, warmUpTurns: 60, blocks: 6, turnsPerBlock: 10, allocationTurns: 10 }),
  ...(values.rounds === undefined ? {} : { rounds: Number(values.rounds) }),
  say,
};
const memoryRounds = values.rounds === undefined ? (quick ? 1 : 5) : Number(values.rounds);
const warmUpJobs = quick ? 2_000 : 20_000;
const growthUntilJobs = quick ? 4_000 : values.full ? 1_000_000 : 100_000;

// No stopped process may be left behind: see Contestant.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));

print(`Measured on: ${describeMachine()}`);
if (quick) print('--quick: whether the benchmark works; these figures mean nothing.');
await speed();
await memory();

async function speed(): Promise<void> {
  const wanted = THROUGHPUTS.filter(
    ({ scenario }) =>
      parts.has('throughput') || (scenario === NO_OP_AT_50 && (parts.has('cpu') || parts.has('allocation'))),
  ).filter(({ scenario }) => scenario.label.includes(values.jobs));
  if (parts.has('throughput') && wanted.length === 0) {
    const labels = THROUGHPUTS.map(({ scenario }) => `"${scenario.label}"`).join(', ');
    throw new Error(`--jobs: "${values.jobs}" is in none of ${labels}`);
  }
  for (const { scenario, least } of wanted) {
    const figures: readonly SpeedFigures[] = await measureSpeed(scenario, speedOptions);
    // With jobs that compute, the figure would show their own CPU time.
    if (parts.has('cpu') && scenario.work === 'none') {
      print(cpuTable(scenario.label, figures, scenario === NO_OP_AT_50 ? CPU_TARGETS : new Map()));
    }
    if (parts.has('throughput')) print(throughputTable(scenario.label, figures, least));
    if (parts.has('allocation')) print(allocationTable(scenario.label, figures));
  }
}

async function memory(): Promise<void> {
  if (!(['memory', 'export', 'growth'] as const).some((part) => parts.has(part))) return;
  const figures = await measureMemory({
    rounds: memoryRounds,
    variants: [
      { variant: TIDEMARK_ALONE, over: BARE },
      { variant: TIDEMARK_PRELOADED, over: BARE },
      { variant: TIDEMARK_ON_APP, over: APP_ALONE },
    ],
    warmUpJobs,
    growthUntilJobs: parts.has('growth') ? growthUntilJobs : null,
    say,
  });
  if (parts.has('memory')) print(memoryTable(figures, warmUpJobs));
  if (parts.has('export')) print(exportTable(figures));
  if (parts.has('growth')) print(growthTable(figures, warmUpJobs, growthUntilJobs));
}

function partsOf(list: string): ReadonlySet<Part> {
  const names = list.split(',').map((name) => name.trim());
  const unknown = names.filter((name) => !PARTS.some((part) => part === name));
  if (unknown.length > 0) throw new Error(`--only: "${unknown.join('", "')}" is none of ${PARTS.join(', ')}`);
  return new Set(names as Part[]);
}

function print(text: string): void {
  process.stdout.write(`\n${text}\n`);
}
