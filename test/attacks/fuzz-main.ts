import { parseArgs } from 'node:util';
import { fuzz } from './fuzz.ts';

/** `npm run test:fuzz -- --inputs 1000000 --seed 1`: prints the statuses, the slowest input, and the highest memory. */
const { values } = parseArgs({
  options: { inputs: { type: 'string', default: '1000000' }, seed: { type: 'string', default: '1' } },
});
const { statuses, slowestMs } = await fuzz({ inputs: Number(values.inputs), seed: Number(values.seed) });
const peakMb = Math.round(process.resourceUsage().maxRSS / 1024);
process.stdout.write(
  `${values.inputs} inputs, seed ${values.seed}: ${JSON.stringify(statuses)}; ` +
    `the slowest took ${slowestMs.toFixed(0)} ms of a core; at most ${peakMb} MB of RSS\n`,
);
