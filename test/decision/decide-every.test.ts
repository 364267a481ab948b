import { expect, it } from 'vitest';
import { decideEveryMs } from '../../src/decision/decide-every.ts';

it.each([
  [500, 250],
  [4_000, 1_000],
  [60_000, 10_000],
])('decides about boots with windows of %s ms every %s ms', (windowMs, everyMs) => {
  expect(decideEveryMs(windowMs)).toBe(everyMs);
});
