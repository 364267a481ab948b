import { expect, it } from 'vitest';
import { callsOfRestart, watch } from '../../bench/simulate/api-calls.ts';
import { partitionsOf } from '../../bench/simulate/partitions.ts';
import { SimulatedActuator } from '../../bench/simulate/simulated-actuator.ts';

const DYNOS = 150;
/** Longer than a warm-up: before, next to nothing is restarted. */
const MINUTES = 40;

/** What is decided at the end about each dyno of a fleet that `actuators` actuators share, a partition each. */
async function decided(actuators: number) {
  const decisions = new Map<number, string>();
  let [points, restarts] = [0, 0];
  for (const dynos of partitionsOf(DYNOS, actuators)) {
    const figures = await new SimulatedActuator(dynos).run(MINUTES);
    points += figures.points;
    restarts += figures.restarts;
    for (const [dyno, decision] of figures.decisions) decisions.set(dyno, decision);
  }
  return { points, restarts, decisions: [...decisions].sort(([a], [b]) => a - b) };
}

it('decides about every dyno the same, over however many actuators its fleet is spread', {
  timeout: 60_000,
}, async () => {
  const one = await decided(1);
  expect(one.decisions.map(([dyno]) => dyno)).toEqual([...Array(DYNOS).keys()]);
  expect(new Set(one.decisions.map(([, what]) => what)).size).toBeGreaterThan(5);
  expect(one.points).toBe(DYNOS * MINUTES * 5);
  expect(one.restarts).toBeGreaterThan(0);
  expect(await decided(4)).toEqual(one);
});

it('has all dynos of a target on one partition', () => {
  const partitions = partitionsOf(1000, 8);
  expect(partitions.flat().sort((a, b) => a - b)).toEqual([...Array(1000).keys()]);
  const targets = partitions.map((dynos) => new Set(dynos.map((dyno) => Math.floor(dyno / 50))));
  expect(targets.reduce((sum, { size }) => sum + size, 0)).toBe(20);
});

it('counts the calls of a restart and of a day, with webhooks far fewer', async () => {
  expect(await callsOfRestart()).toBe(4);
  const shape = { apps: 2, dynosOfApp: 24, nearFraction: 0 };
  const read = await watch({ ...shape, hasWebhooks: false }, 1500, 6);
  const heard = await watch({ ...shape, hasWebhooks: true }, 1500, 6);
  expect(read.callsPerHour).toBeGreaterThan(1);
  expect(heard.callsPerHour).toBeLessThan(1);
});
