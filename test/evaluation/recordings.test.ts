import { readdirSync, statSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { RECORDED_FAMILIES, WINDOW_MS } from '../../evaluation/recordings/families.ts';
import { judgeOwn, verdictOn } from '../../evaluation/recordings/judge.ts';
import { overForGoodMs, type Recorded, readRecordings } from '../../evaluation/recordings/recorded.ts';

const DATA = new URL('../../evaluation/recordings/data/', import.meta.url);
const MAX_BYTES = 60 * 1024;
const recordings = readRecordings();

function judged(recorded: Recorded): void {
  const { verdict, restartsMs, finalClass, why } = judgeOwn(recorded);
  const expected = recorded.family.expected === 'leave' ? 'left' : 'right';
  expect({ verdict, restartsMs, finalClass, why }).toMatchObject({ verdict: expected });
}

describe('recordings of real workers', () => {
  for (const recorded of recordings) {
    const { name, family } = recorded;
    const what = family.expected === 'leave' ? 'is left alone' : 'is restarted in time';
    it(`${name} ${what}`, () => judged(recorded));
  }

  it('are there of each family, and of each that is left alone from two seeds', () => {
    for (const family of RECORDED_FAMILIES) {
      const count = recordings.filter((recorded) => recorded.family === family).length;
      expect(count, family.name).toBeGreaterThanOrEqual(family.expected === 'leave' ? 2 : 1);
    }
  });

  it('are small enough to be committed', () => {
    for (const file of readdirSync(DATA)) expect(statSync(new URL(file, DATA)).size, file).toBeLessThan(MAX_BYTES);
  });

  it.each(recordings.map((recorded) => ({ name: recorded.name, recorded })))(
    '$name is what it is labelled as',
    ({ recorded }) => {
      const [overSoftMs, overQuotaMs] = [overForGoodMs(recorded, 0.8), overForGoodMs(recorded, 1)];
      const { expected, name } = recorded.family;
      if (expected === 'leak') expect(overQuotaMs).not.toBeNull();
      else expect(overQuotaMs).toBeNull();
      if (expected === 'bloat') expect(overSoftMs).not.toBeNull();
      if (name === 'high-flat') expect(overSoftMs).toBeLessThan(20 * WINDOW_MS);
      else if (expected === 'leave') expect(overSoftMs).toBeNull();
    },
  );
});

describe('the verdict on a recording', () => {
  const [bloat, leak, flat] = ['bloat-over', 'linear-leak', 'flat'].map((name) =>
    RECORDED_FAMILIES.find((family) => family.name === name),
  );

  /** A floor that rises by a hundredth of the quota each second, from none to the quota. */
  function rising(family: (typeof RECORDED_FAMILIES)[number] | undefined): Recorded {
    if (family === undefined) throw new Error('no such family');
    const row = (second: number) => ({
      line: second + 2,
      timeMs: second * 1000,
      rssBytes: second,
      swapBytes: null,
      heapUsedBytes: null,
      externalBytes: null,
      activeJobs: null,
      completedJobs: null,
      quotaBytes: null,
      bootId: null,
      dyno: null,
    });
    return { name: 'rising', family, quotaBytes: 100, rows: Array.from({ length: 101 }, (_, second) => row(second)) };
  }

  it.each([
    ['leaves what is to be left alone', flat, null, 'left'],
    ['is wrong about a restart of what is to be left alone', flat, 50_000, 'wrong'],
    ['is right about bloat over the soft limit', bloat, 80_000, 'right'],
    ['is wrong about bloat that was not over it yet', bloat, 79_000, 'wrong'],
    ['has missed bloat that was never restarted', bloat, null, 'missed'],
    ['is right about a leak before the limit', leak, 99_000, 'right'],
    ['has missed a leak at the limit', leak, 100_000, 'missed'],
    ['has missed a leak that was never restarted', leak, null, 'missed'],
  ] as const)('%s', (_, family, firstRestartMs, verdict) => {
    expect(verdictOn(rising(family), firstRestartMs)).toBe(verdict);
  });
});
