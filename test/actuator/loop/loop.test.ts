import { expect, it } from 'vitest';
import { Leadership } from '../../../src/actuator/loop/leadership.ts';
import { runLoop } from '../../../src/actuator/loop/loop.ts';
import { VirtualClock } from '../../models/virtual-clock.ts';

const SILENT = { error: () => undefined };

it('repeats its steps in their order, and continues after one that fails', async () => {
  const done: string[] = [];
  const errors: string[] = [];
  const again = Promise.withResolvers<void>();
  const loop = runLoop({
    steps: [
      async () => {
        done.push('first');
        if (done.length === 1) throw new Error('a fault');
      },
      async () => {
        done.push('second');
        again.resolve();
      },
    ],
    everyMs: 1,
    ready: Promise.resolve(),
    log: { error: (message) => void errors.push(message) },
  });
  await again.promise;
  await loop.stop();
  expect(done.slice(0, 3)).toEqual(['first', 'first', 'second']);
  expect(errors).toEqual(['a tick failed; the next one starts over']);
});

it('starts when it is ready, and takes no step if it is stopped before that', async () => {
  let steps = 0;
  const step = async () => {
    steps += 1;
  };
  const loop = runLoop({ steps: [step], everyMs: 1, ready: new Promise(() => {}), log: SILENT });
  await loop.stop();
  expect(steps).toBe(0);
});

it('finishes the round that is under way before it has stopped', async () => {
  const gate = Promise.withResolvers<void>();
  const started = Promise.withResolvers<void>();
  let isOver = false;
  const step = async () => {
    started.resolve();
    await gate.promise;
    isOver = true;
  };
  const loop = runLoop({ steps: [step], everyMs: 1, ready: Promise.resolve(), log: SILENT });
  await started.promise;
  const stopped = loop.stop();
  gate.resolve();
  await stopped;
  expect(isOver).toBe(true);
});

it('may act after it has led for a window without a break', () => {
  const clock = new VirtualClock();
  let isLeader = true;
  const leadership = new Leadership(clock, 1_000, () => isLeader);
  expect(leadership.mayAct()).toBe(false);
  clock.pass(999);
  expect(leadership.mayAct()).toBe(false);
  clock.pass(1);
  expect(leadership.mayAct()).toBe(true);
  isLeader = false;
  expect(leadership.leads()).toBe(false);
  isLeader = true;
  expect(leadership.mayAct()).toBe(false);
});
