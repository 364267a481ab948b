import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { BootRegistry } from '../src/actuator/boot-registry.ts';
import { Fleet } from '../src/actuator/loop/fleet.ts';
import { stepByStep } from '../src/actuator/loop/turns.ts';
import { defaultPolicy } from '../src/config/policy.ts';
import type { Point } from '../src/model/point.ts';

/**
 * What a tick costs for boots that no longer report, as deploys leave them behind where names are not reused: time per
 * boot for 1,000 to 20,000 of them, which must not grow with their number. And what a boot takes in memory with all
 * that the actuator keeps of it, after half an hour of measurements. One process, one core.
 */
const BOOTS = [1_000, 5_000, 20_000];
const MEASURED_BOOTS = 2_000;
const SAMPLE_EVERY_MS = 10_000;
const HALF_AN_HOUR_MS = 30 * 60_000;
const ROUNDS = 30;
const START_MS = 1_700_000_000_000;

const policy = defaultPolicy();
const noLimits = Number.MAX_SAFE_INTEGER;
const silent = () => undefined;
const log = { info: silent, warn: silent, error: silent };

function pointOf(index: number, timeMs: number): Point {
  return {
    boot: {
      app: `shop-${index % 20}`,
      dyno: `worker-${index.toString(36)}-abcde`,
      processType: 'worker',
      bootId: `boot-${index}`,
      bootIdSource: 'platform',
      startTimeMs: START_MS,
      release: 'v1',
    },
    processId: `process-${index}`,
    processStartMs: START_MS,
    processRole: 'main',
    tuning: null,
    timeMs,
    rssBytes: 2 ** 27,
    treeResidentBytes: 2 ** 27 + (index % 100) * 2 ** 18 + ((timeMs / 1000) % 1000) * 2 ** 12,
    treeSwapBytes: 0,
    limitBytes: 2 ** 29,
    heapUsedBytes: 2 ** 25,
    externalBytes: 2 ** 20,
    activeJobs: index % 4,
    completedJobs: index,
    oldestJobStartMs: null,
  };
}

/** A fleet of `boots` boots that report from the start until `untilMs`, and whose clock is moved by hand. */
function fleetOf(boots: number, untilMs: number) {
  const registry = new BootRegistry(policy, noLimits);
  for (let timeMs = START_MS; timeMs <= untilMs; timeMs += SAMPLE_EVERY_MS)
    for (let index = 0; index < boots; index++) registry.accept([pointOf(index, timeMs)]);
  const time = { nowMs: untilMs };
  const clock = { now: () => time.nowMs, monotonic: () => time.nowMs };
  const permissions = { allowed: [{ app: 'shop-*', processType: 'worker' }], dryRun: true, ownApp: null };
  const fleet = new Fleet({ registry, platform: null, rules: { policy, permissions }, host: { clock, log } });
  const tick = async () => {
    await fleet.forgetOver(() => {});
    const apps = await fleet.observe();
    await stepByStep(fleet.decide(fleet.due(apps.flat()), new Map(), true));
  };
  return { time, tick };
}

/** Of the quickest round: the others were disturbed, by a garbage collection or another process. */
async function microsecondsPerBoot(boots: number): Promise<number> {
  const { time, tick } = fleetOf(boots, START_MS);
  time.nowMs += HALF_AN_HOUR_MS;
  await tick();
  const took: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    time.nowMs += SAMPLE_EVERY_MS;
    const startMs = performance.now();
    await tick();
    took.push(performance.now() - startMs);
  }
  return (Math.min(...took) * 1000) / boots;
}

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

function bytesHeld(): number {
  for (let round = 0; round < 3; round++) collect();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

const beforeBytes = bytesHeld();
const measured = fleetOf(MEASURED_BOOTS, START_MS + HALF_AN_HOUR_MS);
await measured.tick();
const kibEach = (bytesHeld() - beforeBytes) / MEASURED_BOOTS / 1024;
process.stdout.write(`a boot with its series, decision and indexes: ${kibEach.toFixed(1)} KiB\n`);
// Keeps the fleet until here.
await measured.tick();

const each: number[] = [];
for (const boots of BOOTS) {
  // The second is measured by compiled code.
  await microsecondsPerBoot(boots);
  each.push(await microsecondsPerBoot(boots));
  const ratio = (each.at(-1) ?? 0) / (each[0] ?? 1);
  const cost = `${each.at(-1)?.toFixed(2)} µs a boot and tick, ${ratio.toFixed(2)} times that of ${BOOTS[0]}`;
  process.stdout.write(`${boots} silent boots: ${cost}\n`);
}
