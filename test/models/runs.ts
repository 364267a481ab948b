/**
 * Many runs of the attempt on a virtual clock, with a model of the ledger and one of the platform, and every fault at
 * every step; with `--partitions` of several actuators on a model of Kafka instead.
 *
 *   npm run test:model -- [--runs 100000] [--seed 1]
 *   npm run test:model -- --partitions [--runs 200] [--seed 1]
 *
 * `npm test` makes 1,500 of them, and 4 with partitions. Exit code 0 where all held; else the smallest sequence that
 * breaks a rule is printed with its seed.
 */
import { parseArgs } from 'node:util';
import { checkAttempts } from './attempt-property.ts';
import { checkPartitions } from './partitions/partition-property.ts';

const { values } = parseArgs({
  options: {
    runs: { type: 'string' },
    seed: { type: 'string', default: '1' },
    partitions: { type: 'boolean', default: false },
  },
});
const runs = Number(values.runs ?? (values.partitions ? 200 : 100_000));
const seed = Number(values.seed);
const REPORT_EVERY = 10_000;

let held = 0;
const onRun = () => {
  held += 1;
  if (held % REPORT_EVERY === 0) process.stdout.write(`${held} held\n`);
};
try {
  process.stdout.write(
    `${runs} runs, seed ${seed}: all held; ${values.partitions ? await ofPartitions() : await ofAttempts()}\n`,
  );
} catch (error) {
  const { message, cause } = error as Error;
  process.stderr.write(`${message}\n${cause instanceof Error ? `${cause.message}\n` : ''}`);
  process.exitCode = 1;
}

async function ofAttempts(): Promise<string> {
  const { deletes, closedAttempts } = await checkAttempts({ runs, seed, onRun });
  return `${closedAttempts} attempts closed, ${deletes} DELETEs`;
}

async function ofPartitions(): Promise<string> {
  const { restarts, longestMs } = await checkPartitions({ runs, seed });
  return `${restarts} restarts; all partitions were decided about again after at most ${longestMs / 1000} s`;
}
