import fc from 'fast-check';
import { expect, it } from 'vitest';
import { CallBudget } from '../../../src/actuator/platform/call-budget.ts';
import { VirtualClock } from '../../models/virtual-clock.ts';

const HOUR_MS = 3_600_000;

/** Takes as much as there is; returns how much that was. */
function drain(budget: CallBudget, left: number | null = null): number {
  let taken = 0;
  while (budget.take(left)) taken += 1;
  return taken;
}

it('grants in no hour more than its calls, whenever and however greedily it is asked', () => {
  const waits = fc.array(fc.integer({ min: 0, max: 20 * 60_000 }), { minLength: 1, maxLength: 80 });
  fc.assert(
    fc.property(fc.integer({ min: 2, max: 4500 }), waits, (callsPerHour, pauses) => {
      const clock = new VirtualClock();
      const budget = new CallBudget(callsPerHour, clock);
      const grants: { readonly atMs: number; readonly calls: number }[] = [];
      for (const pause of pauses) {
        clock.pass(pause);
        grants.push({ atMs: clock.monotonic(), calls: drain(budget) });
      }
      for (const { atMs } of grants) {
        const inHour = grants.filter((grant) => grant.atMs >= atMs && grant.atMs < atMs + HOUR_MS);
        expect(inHour.reduce((sum, { calls }) => sum + calls, 0)).toBeLessThanOrEqual(callsPerHour);
      }
    }),
  );
});

it('grants all but the saved part of its calls to one that asks all the time', () => {
  const clock = new VirtualClock();
  const budget = new CallBudget(1500, clock);
  let taken = 0;
  for (let second = 0; second < 3600; second++) {
    clock.pass(1000);
    taken += drain(budget);
  }
  expect(taken).toBeGreaterThanOrEqual(1350);
  expect(taken).toBeLessThanOrEqual(1500);
});

it('is divided among actuators: together they get in an hour what one alone would', () => {
  const clock = new VirtualClock();
  const budgets = [1, 2, 3].map(() => new CallBudget(1500, clock));
  for (const budget of budgets) budget.shareAmong(3);
  let taken = 0;
  for (let second = 0; second < 3600; second++) {
    clock.pass(1000);
    for (const budget of budgets) taken += drain(budget);
  }
  expect(budgets.map(({ callsPerHour }) => callsPerHour)).toEqual([500, 500, 500]);
  expect(taken).toBeGreaterThanOrEqual(1350);
  expect(taken).toBeLessThanOrEqual(1500);
});

it('gives the calls that were saved for more up when another actuator comes, and has them all when it goes', () => {
  const clock = new VirtualClock();
  const budget = new CallBudget(1500, clock);
  clock.pass(HOUR_MS);
  expect(budget.left()).toBe(150);
  budget.shareAmong(3);
  expect(budget.left()).toBe(50);
  budget.shareAmong(1);
  clock.pass(HOUR_MS);
  expect(budget.left()).toBe(150);
});

it('starts with few calls, so that an actuator that starts again and again makes no burst', () => {
  expect(drain(new CallBudget(4500, new VirtualClock()))).toBe(10);
});

it.each([
  [null, 150],
  [4000, 150],
  [449, 15],
  [89, 2],
])('with %s calls left to the account, ten minutes are worth %i calls', (left, calls) => {
  const clock = new VirtualClock();
  const budget = new CallBudget(1500, clock);
  clock.pass(10 * 60_000);
  expect(drain(budget, left)).toBe(calls);
});

it('makes the next calls wait for those that were made without asking', () => {
  const clock = new VirtualClock();
  const budget = new CallBudget(1500, clock);
  budget.charge(32);
  expect(budget.left()).toBe(0);
  clock.pass(60_000);
  expect(budget.take(null)).toBe(false);
  clock.pass(3_000);
  expect(budget.take(null)).toBe(true);
});
