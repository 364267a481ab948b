/**
 * What a fleet of up to a million dynos would cost, without having one: the state of its actuators, and the platform's
 * calls. docs/scale.md is written from it.
 *
 *   npm run simulate -- [--dynos 10000,100000,1000000] [--dynos-of-actuator 100000] [--minutes 12]
 *     [--partitions 128] [--only state,calls]
 *
 * 1. State: the real boots, detector and decisions over simulated dynos, as fast as they can be computed. All dynos
 *    of a target are on one partition, and actuators run one after the other. CPU is that of this process, so what
 *    else runs on the machine does not count in it, but makes it slower: compare within a run. The first size runs
 *    again at the end, which shows how much the machine changed meanwhile.
 * 2. Calls: the real reads of the platform for a day, and those of a restart, on a clock that is moved.
 */
import { loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { BYTES_PER_BOOT, bootBytesFor } from '../src/actuator/boot-places.ts';
import { SETTINGS } from '../src/settings/settings.ts';
import { callsOfRestart, type FleetShape, watch } from './simulate/api-calls.ts';
import { type StateFigures, simulateState } from './simulate/simulate-state.ts';
import { SimulatedActuator } from './simulate/simulated-actuator.ts';

const KIB = 1024;
const GIB = 1024 ** 3;
const WARM_UP_DYNOS = 10_000;
const OLD_DYNOS = 500;
const DAY_MINUTES = 24 * 60;
const CALLS_OF_ACCOUNT = 4500;
/** Of an hour's calls the part that is not saved for a burst; see CallBudget. */
const STEADY_FRACTION = 0.9;

const { values } = parseArgs({
  options: {
    dynos: { type: 'string', default: '10000,100000,1000000' },
    'dynos-of-actuator': { type: 'string', default: '100000' },
    minutes: { type: 'string', default: '12' },
    partitions: { type: 'string', default: '128' },
    only: { type: 'string', default: 'state,calls' },
  },
});
const dynosOfActuator = Number(values['dynos-of-actuator']);
const parts = values.only.split(',');
const print = (line: string) => process.stdout.write(`${line}\n`);
const load = () => `load average ${loadavg()[0]?.toFixed(1)}`;

if (parts.includes('state')) await printState();
if (parts.includes('calls')) await printCalls();

async function printState(): Promise<void> {
  const [minutes, partitions] = [Number(values.minutes), Number(values.partitions)];
  const sizes = values.dynos.split(',').map(Number);
  await simulateState({ dynos: WARM_UP_DYNOS, dynosOfActuator, partitions, minutes });
  print(`State after ${minutes} simulated minutes, over ${partitions} partitions; ${load()}`);
  let first: StateFigures | null = null;
  for (const dynos of [...sizes, ...sizes.slice(0, 1)]) {
    const figures = await simulateState({ dynos, dynosOfActuator, partitions, minutes }, (one) =>
      process.stderr.write(`  ${one.dynos} dynos: ${((one.foldCpuMs * 1000) / one.points).toFixed(2)} µs a point\n`),
    );
    first ??= figures;
    print(stateLine(figures, first));
  }
  const old = await new SimulatedActuator([...Array(OLD_DYNOS).keys()]).run(DAY_MINUTES);
  print(
    `${OLD_DYNOS} dynos after a day: ${(old.bytes / OLD_DYNOS / KIB).toFixed(1)} KiB a dyno, ` +
      `${((old.foldCpuMs * 1000) / old.points).toFixed(1)} µs a point, ` +
      `${((old.decideCpuMs * 1000) / old.decided).toFixed(1)} µs a decision, ` +
      `${Math.round(old.snapshots.bytes / old.snapshots.count)} bytes a snapshot; ${load()}`,
  );
  const places = [0.5, 1, 2, 4, 8].map((gib) => `${gib} GiB: ${Math.floor(bootBytesFor(gib * GIB) / BYTES_PER_BOOT)}`);
  print(`Boots that an actuator takes, by the size of its heap: ${places.join(', ')}`);
}

function stateLine(figures: StateFigures, first: StateFigures): string {
  const { dynos, actuators, largestPartition, cpuUsOfPointRange, snapshot, restarts } = figures;
  const against = (read: (one: StateFigures) => number) => `${(read(figures) / read(first)).toFixed(2)} x`;
  const bytes = (one: StateFigures) => one.bytesOfDyno;
  const point = (one: StateFigures) => one.cpuUsOfPoint;
  const decision = (one: StateFigures) => one.cpuUsOfDecision;
  return (
    `${dynos} dynos, ${actuators} actuators of at most ${dynosOfActuator}, largest partition ` +
    `${largestPartition}, ${restarts} restarts; ${load()}\n` +
    `  ${(bytes(figures) / KIB).toFixed(2)} KiB a dyno (${against(bytes)}), ` +
    `${point(figures).toFixed(2)} µs a point (${against(point)}; by actuator ` +
    `${cpuUsOfPointRange.map((us) => us.toFixed(2)).join(' to ')}), ` +
    `${decision(figures).toFixed(2)} µs a decision (${against(decision)})\n` +
    `  a snapshot: ${Math.round(snapshot.bytes)} bytes, ${snapshot.writeUs.toFixed(0)} µs to write, ` +
    `${snapshot.readUs.toFixed(0)} µs to read`
  );
}

async function printCalls(): Promise<void> {
  const budget = SETTINGS.apiBudget.fallback.of(0);
  const steady = STEADY_FRACTION * budget;
  const restart = await callsOfRestart();
  const restarts = (CALLS_OF_ACCOUNT - budget) / restart;
  print(
    `\nPlatform calls, of ${CALLS_OF_ACCOUNT} an hour of an account, ${budget} of them for watching; ${load()}\n` +
      `  a restart takes ${restart} calls: ${Math.floor(restarts)} restarts an hour use up the other ` +
      `${CALLS_OF_ACCOUNT - budget}`,
  );
  const shapes: readonly FleetShape[] = [
    { apps: 20, dynosOfApp: 50, hasWebhooks: false, nearFraction: 0 },
    { apps: 100, dynosOfApp: 5, hasWebhooks: false, nearFraction: 0 },
    { apps: 20, dynosOfApp: 50, hasWebhooks: true, nearFraction: 0 },
    { apps: 100, dynosOfApp: 5, hasWebhooks: true, nearFraction: 0 },
    { apps: 20, dynosOfApp: 50, hasWebhooks: true, nearFraction: 0.1 },
  ];
  for (const shape of shapes) {
    const { callsPerHour } = await watch(shape, budget, 24);
    const apps = (steady / callsPerHour) * shape.apps;
    print(
      `  apps of ${shape.dynosOfApp} dynos, ${shape.hasWebhooks ? 'webhooks' : 'no webhooks'}, ` +
        `${shape.nearFraction * 100} % of them over a soft limit: ${(callsPerHour / shape.apps).toFixed(3)} ` +
        `calls an app and hour; ${Math.floor(apps)} apps (${Math.floor(apps * shape.dynosOfApp)} dynos) fit`,
    );
  }
  print('  With more than fit, a new dyno waits until it is compared with the list, and is not restarted before:');
  // A tenth of the budget and of the fleet: the same waits, sooner computed.
  for (const fraction of [0.5, 1, 2]) {
    const apps = Math.round((fraction * steady * 24) / 50 / 10);
    const { waitMinutes } = await watch({ apps, dynosOfApp: 50, hasWebhooks: false, nearFraction: 0 }, budget / 10, 3);
    print(`  ${fraction} times what fits: ${waitMinutes.toFixed(1)} min on average`);
  }
}
