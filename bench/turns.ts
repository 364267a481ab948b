/**
 * What Tidemark costs a worker as seen from outside, exports and cold code included: a bare worker and one with
 * Tidemark take turns of 50 ms.
 *
 *   npm run bench:turns -- [--rounds 8] [--concurrency 50] [--names 20] [--export-every 1] [--with tidemark-alone]
 *
 * Each round starts two fresh processes, each with its own Redis, and compares the jobs and the CPU of the two: first
 * cold (the first 3 s of running, while V8 compiles), then warm (the next 8 s). `--export-every` is in seconds of
 * running; the default of 1 is ten times as often as Tidemark exports, `10` is what a worker really does, `0` is never.
 * `--with` names another variant, such as `bare-again` or `bullmq-otel`. `bench/overhead.ts` measures warm code without
 * exports. Needs a build.
 */
import { parseArgs } from 'node:util';
import { Random } from '../evaluation/random.ts';
import { Contestant } from './overhead/contestant.ts';
import { JobStock } from './overhead/job-stock.ts';
import { describeMachine } from './overhead/machine.ts';
import { Receiver } from './overhead/receiver.ts';
import { type Estimate, estimateOverBlocks } from './overhead/statistics.ts';
import { type Block, type Share, Turns } from './overhead/turns.ts';
import { BARE, BARE_AGAIN, BULLMQ_OTEL, TIDEMARK_ALONE, TIDEMARK_ON_APP, type Variant } from './overhead/variants.ts';

const TURNS_PER_SECOND = 20;
const COLD_SECONDS = 3;
const WARM_SECONDS = 8;
const MAX_JOBS_PER_SECOND = 40_000;
const NEVER_MS = 3_600_000;

interface Round {
  readonly cold: readonly Block[];
  readonly warm: readonly Block[];
}

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '8' },
    concurrency: { type: 'string', default: '50' },
    names: { type: 'string', default: '20' },
    'export-every': { type: 'string', default: '1' },
    with: { type: 'string', default: TIDEMARK_ALONE.name },
  },
});
const concurrency = Number(values.concurrency);
const exportEverySeconds = Number(values['export-every']);
const rival = rivalOf(values.with);

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));

print(`Measured on: ${describeMachine()}`);
print(
  `No-op jobs, ${concurrency} at a time, ${values.names} names, an export each ${exportEverySeconds} s of running: ` +
    `${rival.label} over bare, medians of ${values.rounds} rounds and 95 % intervals`,
);
await compare();

async function compare(): Promise<void> {
  const jobs = (COLD_SECONDS + WARM_SECONDS + 1) * MAX_JOBS_PER_SECOND;
  const receiver = await Receiver.start();
  const stock = await JobStock.fill({ jobs, nameCount: Number(values.names) });
  const random = new Random(1);
  const rounds: Round[] = [];
  try {
    for (let count = 0; count < Number(values.rounds); count++) {
      rounds.push(await oneRound(stock, receiver, random.fork()));
      process.stderr.write(
        `round ${count + 1}: ${sentence(rounds.slice(-1))}, ${receiver.exportsOf(rival.name)} exports\n`,
      );
    }
  } finally {
    stock.remove();
    receiver.stop();
  }
  print(sentence(rounds));
}

async function oneRound(stock: JobStock, receiver: Receiver, random: Random): Promise<Round> {
  const contestants: Contestant[] = [];
  try {
    for (const variant of random.shuffled([BARE, rival])) {
      const redis = await stock.serve();
      // Two take turns, so a second of running is two seconds.
      const exportEveryMs = exportEverySeconds === 0 ? NEVER_MS : 2000 * exportEverySeconds;
      const options = { variant, redis, receiver, concurrency, work: 'none', exportEveryMs } as const;
      contestants.push(new Contestant(options));
    }
    for (const contestant of contestants) {
      await contestant.ask('startWork');
      contestant.pause();
    }
    const turns = new Turns(contestants, random);
    await turns.askAll((contestant) => contestant.ask('run'));
    const cold = await turns.measure(COLD_SECONDS, TURNS_PER_SECOND);
    const warm = await turns.measure(WARM_SECONDS, TURNS_PER_SECOND);
    for (const [name, usage] of await turns.askAll((contestant) => contestant.ask('usage'))) {
      if (usage.jobs >= stock.jobs)
        throw new Error(`"${name}" did all of its ${stock.jobs} jobs before its time was over`);
    }
    return { cold, warm };
  } finally {
    for (const contestant of contestants) await contestant.stop();
  }
}

function sentence(rounds: readonly Round[]): string {
  return (['cold', 'warm'] as const)
    .map((phase) => {
      const blocks = rounds.map((round) => round[phase]);
      const ratio = (figure: (share: Share) => number) =>
        written(estimateOverBlocks(blocks, (of) => figure(totalOf(of, rival)) / figure(totalOf(of, BARE))));
      const throughput = ratio(({ jobs, runningMs }) => jobs / runningMs);
      return `${phase}: throughput ${throughput}, CPU a job ${ratio(({ jobs, cpuUs }) => cpuUs / jobs)}`;
    })
    .join('; ');
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

function written({ median, low, high }: Estimate): string {
  return `${median.toFixed(3)} (${low.toFixed(3)} to ${high.toFixed(3)})`;
}

function rivalOf(name: string): Variant {
  const found = [TIDEMARK_ALONE, TIDEMARK_ON_APP, BARE_AGAIN, BULLMQ_OTEL].find((variant) => variant.name === name);
  if (found === undefined) throw new Error(`--with: there is no variant "${name}"`);
  return found;
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
