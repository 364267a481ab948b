/**
 * Many runs of the attempt on a virtual clock, with a model of the ledger and one of the platform, and every fault at
 * every step.
 *
 *   npm run test:model -- [--runs 100000] [--seed 1]
 *
 * `npm test` makes 1,500 of them. Exit code 0 where all held; else the smallest sequence that breaks a rule is printed
 * with its seed.
 */
import { parseArgs } from 'node:util';
import { checkAttempts } from './attempt-property.ts';

const { values } = parseArgs({
  options: { runs: { type: 'string', default: '100000' }, seed: { type: 'string', default: '1' } },
});
const runs = Number(values.runs);
const seed = Number(values.seed);
const REPORT_EVERY = 10_000;

let held = 0;
const onRun = () => {
  held += 1;
  if (held % REPORT_EVERY === 0) process.stdout.write(`${held} held\n`);
};
try {
  const { deletes, closedAttempts } = await checkAttempts({ runs, seed, onRun });
  process.stdout.write(`${runs} runs, seed ${seed}: all held; ${closedAttempts} attempts closed, ${deletes} DELETEs\n`);
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
