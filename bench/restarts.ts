/**
 * What a restart costs the jobs, and how fast others take over. Real processes: Redis, workers under load, actuators,
 * and the local dyno manager in the place of the platform.
 *
 *   npm run bench:restarts -- [--restarts 100] [--dynos 20] [--takeovers 5] [--seed 1]
 *
 * 1. Drained restarts: each dyno has jobs of 0.1 to 60 s (log-uniform), four at a time, and is restarted over and over
 * by a person's
 *    restart, with a grace of 120 s. Every job must be started once and finished once.
 * 2. Takeover: the actuator that leads is killed (-9) while a bloated dyno waits for a pause to end, and the pause is
 * ended. From the kill to
 *    the claim of its successor.
 * 3. A worker that is stopped for a drain whose actuators are all killed: from the kill to the next job it takes.
 */
import { parseArgs } from 'node:util';
import { drainedRestarts } from './restarts/drained.ts';
import { takeovers } from './restarts/takeover.ts';

const { values } = parseArgs({
  options: {
    restarts: { type: 'string', default: '100' },
    dynos: { type: 'string', default: '20' },
    takeovers: { type: 'string', default: '5' },
    seed: { type: 'string', default: '1' },
  },
});
const seed = Number(values.seed);
const drained = await drainedRestarts({ restarts: Number(values.restarts), dynos: Number(values.dynos), seed });
const { jobs, outcomes, restarts, notOnce, failed, drainSeconds } = drained;
process.stdout.write(
  `drained restarts: ${restarts} ` +
    `(${Object.entries(outcomes).map(([outcome, count]) => `${count} ${outcome}`)}), ` +
    `${jobs} jobs of 0.1 to 60 s, ` +
    `${notOnce} not started and finished exactly once, ${failed} failed; ` +
    `drain median ${median(drainSeconds).toFixed(1)} s, longest ${Math.max(...drainSeconds).toFixed(1)} s\n`,
);
const { claimSeconds, windowSeconds, knownFromBefore, jobSeconds } = await takeovers({
  count: Number(values.takeovers),
});
process.stdout.write(
  `takeover (window ${windowSeconds} s): claim ${list(claimSeconds)} s after the kill, ` +
    `with the history from before in ${knownFromBefore} of ${claimSeconds.length}\n` +
    `a stopped worker whose actuators were killed took a job ${list(jobSeconds)} s after the kill\n`,
);
const late = claimSeconds.some((seconds) => seconds > windowSeconds + 15) || jobSeconds.some((seconds) => seconds > 15);
process.exitCode = notOnce + failed > 0 || late || knownFromBefore < claimSeconds.length ? 1 : 0;

function list(seconds: readonly number[]): string {
  return seconds.map((one) => one.toFixed(1)).join(', ');
}

function median(numbers: readonly number[]): number {
  return [...numbers].sort((a, b) => a - b)[Math.floor((numbers.length - 1) / 2)] ?? Number.NaN;
}
