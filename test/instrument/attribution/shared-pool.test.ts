import { describe, expect, it } from 'vitest';
import { JobNameTotals } from '../../../src/instrument/attribution/job-name-totals.ts';
import { SharedPool } from '../../../src/instrument/attribution/shared-pool.ts';

const MINUTE_MS = 60_000;
const ALL = Number.POSITIVE_INFINITY;

/** A pool of two names that have run jobs. `handOut` shares it by what they keep; `sums` has what each was given. */
function harness() {
  const pool = new SharedPool(0);
  const names = [new JobNameTotals(0), new JobNameTotals(1)];
  const sums = [0, 0];
  for (const totals of names) {
    totals.begin(0);
    totals.takePresence(0);
  }
  const handOut = (keptBytes: readonly [number, number], minute: number) => {
    pool.handOut(names, Float64Array.from(keptBytes), minute * MINUTE_MS);
    for (const [at, totals] of names.entries()) sums[at] = (sums[at] ?? 0) + totals.takeBytes(ALL);
  };
  return { pool, sums, handOut };
}

describe('the pool of growth', () => {
  it('leaves nothing of peaks with the name that was blamed for them while they stood', () => {
    const { pool, sums, handOut } = harness();
    for (let minute = 0; minute < 600; minute += 1) {
      if (minute % 25 === 0) pool.add(500_000_000);
      if (minute % 25 === 20) pool.add(-500_000_000);
      handOut(minute % 25 < 20 ? [1, 0] : [0, 1], minute);
    }
    expect(sums).toEqual([0, 0]);
  });

  it('corrects growth of the last half hour, and none that is older', () => {
    const { pool, sums, handOut } = harness();
    pool.add(1000);
    handOut([1, 0], 20);
    handOut([0, 1], 29);
    expect(sums).toEqual([0, 1000]);
    handOut([1, 0], 31);
    expect(sums).toEqual([1000, 0]);
    handOut([1, 0], 62);
    handOut([0, 1], 63);
    pool.add(10);
    handOut([0, 1], 64);
    expect(sums).toEqual([1000, 10]);
  });
});
