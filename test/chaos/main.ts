/**
 * Restarts under load while something breaks: two actuators, the state's Redis and the queue's, workers and the dyno
 * manager, all real processes.
 *
 *   npm run test:chaos -- [--runs 24] [--worlds 3] [--seed 1] [--fault NAME] [--embedded]
 *     [--bullmq 5.0.0,5.70.0,newest]
 *
 * With `--embedded` the actuators run inside the workers.
 *
 * Each version of BullMQ has a world whose workers run it, and its share of the runs; `--worlds` of them are there at a
 * time. Each run lets a worker bloat, waits for the restart that follows, and breaks one thing on its way. After every
 * run each worker must take jobs and each actuator answer; at a world's end no boot may have been restarted twice,
 * nothing off the allow-list touched, no dyno restarted for a boot that is not its own, no two restarts of the target
 * at a time, every job done once, and none stalled but in the hands of a worker that was killed. Prints a row for each
 * run; exit code 0 where all held.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { Random } from '../../evaluation/random.ts';
import { installBullmq, MATRIX, NEWEST } from '../matrix/bullmq-versions.ts';
import { violations } from './checks.ts';
import { CHAOS_FAULTS, type ChaosFault } from './faults.ts';
import { ChaosWorld, until } from './world.ts';

const KNOWN_WITHIN_MS = 60_000;
const CLAIMED_WITHIN_MS = 60_000;
/** Grace, the way to `sending`, and 90 s without evidence. */
const CLOSED_WITHIN_MS = 150_000;
/** 10 s without the key, and what a busy machine adds. */
const WORKS_WITHIN_MS = 40_000;
const BREAKS_WITHIN_MS = 4_000;
/** Jobs of a killed worker are given to another when their locks have run out. */
const SETTLES_WITHIN_MS = 90_000;
const DYNOS = ['worker.1', 'worker.2'] as const;

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '24' },
    worlds: { type: 'string', default: '3' },
    seed: { type: 'string', default: '1' },
    fault: { type: 'string' },
    embedded: { type: 'boolean', default: false },
    bullmq: { type: 'string', default: MATRIX.join(',') },
  },
});
const faults = CHAOS_FAULTS.filter(
  ({ name, needsService }) =>
    (values.fault === undefined || name === values.fault) && !(values.embedded && needsService === true),
);
if (faults.length === 0) {
  process.stderr.write(`--fault is one of:\n${CHAOS_FAULTS.map(({ name }) => `  ${name}`).join('\n')}\n`);
  process.exit(2);
}
const versions = values.bullmq.split(',').map((version) => (version === 'newest' ? NEWEST : version));
const runs = Number(values.runs);
const seed = Number(values.seed);
let bad = 0;
let restarts = 0;

/** The runs of one version: versions take turns, so that each meets other faults. */
async function world(version: string): Promise<void> {
  const index = versions.indexOf(version);
  const numbers = new Random(seed * 1_000 + index);
  const random = () => numbers.unit();
  const one = await ChaosWorld.start(random, version, values.embedded);
  try {
    for (let number = index; number < runs; number += versions.length) {
      const fault = faults[(number + seed) % faults.length];
      if (fault !== undefined) await run(one, { number, version, fault, random });
    }
    const evidence = await one.settle(SETTLES_WITHIN_MS);
    restarts += evidence.log.filter(({ event }) => event === 'restart-requested').length;
    const { added, history } = evidence;
    report(`the world of BullMQ ${version}: ${added.length} jobs, ${history.length} attempts`, violations(evidence));
  } finally {
    await one.stop();
  }
}

interface Run {
  readonly number: number;
  readonly version: string;
  readonly fault: ChaosFault;
  readonly random: () => number;
}

async function run(one: ChaosWorld, { number, version, fault, random }: Run): Promise<void> {
  const began = performance.now();
  const dyno = random() < 0.5 ? DYNOS[0] : DYNOS[1];
  const faultsFound: string[] = [];
  if (!(await until(() => one.isKnown(dyno), KNOWN_WITHIN_MS)))
    faultsFound.push(`${dyno} was never known (${await one.lastDecision(dyno)})`);
  const bootId = one.bootOf(dyno);
  if (fault.platform !== undefined) one.manager.faults.next('DELETE', /\/dynos\//, fault.platform);
  await one.grow(dyno);
  if (!(await until(() => one.wasClaimed(bootId), CLAIMED_WITHIN_MS)))
    faultsFound.push(
      `${dyno} was never claimed (${await one.lastDecision(dyno)}; ${JSON.stringify((await one.ledger()).open)})`,
    );
  await one.addLongJob(dyno);
  if (fault.breaks !== undefined) {
    await delay(random() * BREAKS_WITHIN_MS);
    await one.keepHistory();
    const broken = fault.breaks(one, dyno);
    if (fault.outlastsDrains && !(await one.works(dyno, WORKS_WITHIN_MS)))
      faultsFound.push(`${dyno} was left stopped while the actuators were away`);
    await broken;
  }
  if (!(await until(async () => (await one.ledger()).open === null, CLOSED_WITHIN_MS)))
    faultsFound.push('never closed');
  one.manager.faults.clear();
  await one.keepHistory();
  const outcome = (await one.history()).find((entry) => entry.bootId === bootId)?.outcome ?? 'none';
  if (one.bootOf(dyno) === bootId && !(await one.works(dyno, WORKS_WITHIN_MS)))
    faultsFound.push(`${dyno}, whose boot lives on, was left stopped`);
  // Where the boot lives on it would be asked for again and again: the platform takes it away. The next run must not
  // begin with what is left of it.
  if (one.bootOf(dyno) === bootId) one.signalWorker(dyno, 'SIGTERM');
  const isOver = async () => one.bootOf(dyno) !== bootId && (await one.ledger()).open === null;
  if (!(await until(isOver, CLOSED_WITHIN_MS)))
    faultsFound.push(`${dyno} did not end (${JSON.stringify((await one.ledger()).open)})`);
  await one.resume();
  for (const name of DYNOS) {
    if (!(await one.works(name, WORKS_WITHIN_MS))) faultsFound.push(`${name} takes no jobs`);
  }
  if (!(await until(() => one.areActuatorsUp(), WORKS_WITHIN_MS))) faultsFound.push('an actuator does not answer');
  const took = `${((performance.now() - began) / 1000).toFixed(0)} s`;
  report(`run ${number + 1}: BullMQ ${version}, ${fault.name} on ${dyno}: ${outcome}, ${took}`, faultsFound);
}

function report(what: string, found: readonly string[]): void {
  bad += found.length;
  process.stdout.write(
    `${found.length === 0 ? 'held' : 'BROKE'}  ${what}${found.length === 0 ? '' : `: ${found.join('; ')}`}\n`,
  );
}

await installBullmq(versions);
const waiting = versions.slice(0, runs);
const slots = Array.from({ length: Number(values.worlds) }, async () => {
  for (let version = waiting.shift(); version !== undefined; version = waiting.shift()) await world(version);
});
await Promise.all(slots);
process.stdout.write(`${runs} runs, seed ${seed}: ${restarts} restarts asked of the platform, ${bad} things broke\n`);
process.exitCode = bad === 0 ? 0 : 1;
