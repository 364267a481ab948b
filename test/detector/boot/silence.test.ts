import { expect, it } from 'vitest';
import { defaultPolicy } from '../../../src/config/policy.ts';
import { observe, openBoot } from '../../../src/detector/boot/boot.ts';
import { silentAfterMs } from '../../../src/detector/boot/silence.ts';
import { assess } from '../../../src/detector/rules/assess.ts';
import type { Point } from '../../../src/model/point.ts';

const MINUTE_MS = 60_000;
const POLICY = defaultPolicy(MINUTE_MS);

function point(timeMs: number): Point {
  const boot = {
    app: 'shop',
    dyno: 'worker.1',
    processType: 'worker',
    bootId: 'b1',
    bootIdSource: 'platform',
    startTimeMs: 0,
    release: null,
  } as const;
  const unknown = { treeResidentBytes: null, treeSwapBytes: null, heapUsedBytes: null, externalBytes: null } as const;
  const counts = { limitBytes: null, activeJobs: 0, completedJobs: null, tuning: null } as const;
  return { boot, processId: 'p', processRole: 'main', timeMs, rssBytes: 2 ** 27, ...unknown, ...counts };
}

/** The boot after an hour of measurements, and the time of the last one. */
function reporting(everyMs: number) {
  const boot = openBoot(point(0));
  let lastMs = 0;
  for (; lastMs <= 60 * MINUTE_MS; lastMs += everyMs) observe(boot, point(lastMs), POLICY);
  return { boot, lastMs: lastMs - everyMs };
}

it.each([
  [10_000, 3 * MINUTE_MS],
  [MINUTE_MS, 3 * MINUTE_MS],
  [5 * MINUTE_MS, 12.5 * MINUTE_MS],
])('a dyno that exports every %i ms is silent after %i ms, and never in between', (everyMs, silentMs) => {
  const { boot, lastMs } = reporting(everyMs);
  expect(silentAfterMs(boot, MINUTE_MS)).toBe(silentMs);
  const context = { facts: null, learnedFloorBytes: null, uselessRestarts: 0, earlyRestarts: 'usual' as const };
  const reasonAt = (nowMs: number) => assess(boot, { ...context, nowMs }, POLICY).reason;
  for (let afterMs = 0; afterMs <= silentMs; afterMs += 10_000) expect(reasonAt(lastMs + afterMs)).not.toBe('silent');
  expect(reasonAt(lastMs + silentMs + 1)).toBe('silent');
});
