import { readdirSync, statSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { RECORDED_FAMILIES } from '../../evaluation/recordings/families.ts';
import { WINDOW_MS } from '../../evaluation/recordings/family.ts';
import { dueMsOf, judgeOwn, verdictOn } from '../../evaluation/recordings/judge.ts';
import { overForGoodMs, overOnEndMs, type Recorded, readRecordings } from '../../evaluation/recordings/recorded.ts';

const DATA = new URL('../../evaluation/recordings/data/', import.meta.url);
const MAX_BYTES = 100 * 1024;
const recordings = readRecordings();

/**
 * Recordings that the detector gets wrong. A test fails as soon as the detector gets one right: then remove its name.
 */
const KNOWN_FAULTS: readonly string[] = [
  'late-collection-2',
  'late-release-1',
  'late-release-2',
  'bloat-beneath-load-1',
  'bloat-beneath-load-2',
];

function judged(recorded: Recorded): void {
  const { verdict, restartsMs, finalClass, first } = judgeOwn(recorded);
  const why = first?.explanation;
  const expected = recorded.family.expected === 'leave' ? 'left' : 'right';
  expect({ verdict, restartsMs, finalClass, why }).toMatchObject({ verdict: expected });
}

describe('recordings of real workers', () => {
  for (const recorded of recordings) {
    const { name, family } = recorded;
    const what = family.expected === 'leave' ? 'is left alone' : 'is restarted in time';
    const test = KNOWN_FAULTS.includes(name) ? it.fails : it;
    test(`${name} ${what}`, () => judged(recorded));
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
      const { expected, name, load } = recorded.family;
      if (expected !== 'leave') expect(dueMsOf(recorded)).not.toBeNull();
      if (expected !== 'leak') expect(overQuotaMs).toBeNull();
      if (load === 'alone') expect(overOnEndMs(recorded, 0.8, 10 * WINDOW_MS)).not.toBeNull();
      if (name === 'over-quota-load') expect(overOnEndMs(recorded, 1, 10 * WINDOW_MS)).not.toBeNull();
      if (name === 'high-flat') expect(overSoftMs).toBeLessThan(20 * WINDOW_MS);
      else if (expected === 'leave') expect(overSoftMs).toBeNull();
    },
  );
});

describe('the verdict on a recording', () => {
  const [bloat, leak, flat] = ['bloat-over', 'linear-leak', 'flat'].map((name) =>
    RECORDED_FAMILIES.find((family) => family.name === name),
  );

  /** One row a second; usage is a percentage of the quota. */
  function recordedOf(family: (typeof RECORDED_FAMILIES)[number] | undefined, usage: readonly number[]): Recorded {
    if (family === undefined) throw new Error('no such family');
    const rows = usage.map((rssBytes, second) => ({
      line: second + 2,
      timeMs: second * 1000,
      rssBytes,
      swapBytes: null,
      heapUsedBytes: null,
      externalBytes: null,
      activeJobs: null,
      completedJobs: null,
      quotaBytes: null,
      bootId: null,
      dyno: null,
    }));
    return { name: 'made up', family, quotaBytes: 100, rows };
  }

  /** From none to the quota in 100 s. */
  const rising = Array.from({ length: 101 }, (_, second) => second);
  /** Waves of 40 s, 20 s each at `high` and 20 s at `low`. */
  const swinging = (low: number, high: number) =>
    Array.from({ length: 120 }, (_, second) => (second % 40 < 20 ? low : high));

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
    expect(verdictOn(recordedOf(family, rising), firstRestartMs)).toBe(verdict);
  });

  it.each([
    [
      'is right about bloat beneath a load that falls below the soft limit again',
      'bloat-beneath-load',
      45_000,
      'right',
    ],
    ['is wrong about it before the first crest', 'bloat-beneath-load', 15_000, 'wrong'],
    ['is right about a leak beneath a load before a crest is over the quota', 'leak-beneath-load', 15_000, 'right'],
    ['has missed a leak beneath a load after such a crest', 'leak-beneath-load', 45_000, 'missed'],
  ] as const)('%s', (_, name, firstRestartMs, verdict) => {
    const family = RECORDED_FAMILIES.find((other) => other.name === name);
    expect(verdictOn(recordedOf(family, swinging(70, 102)), firstRestartMs)).toBe(verdict);
  });
});
