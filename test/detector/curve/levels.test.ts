import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Bucket } from '../../../src/detector/curve/level.ts';
import {
  floorsBetweenJobs,
  loweredBytes,
  noiseOf,
  stepsOf,
  sustainedBytes,
} from '../../../src/detector/curve/levels.ts';
import { MIB } from '../curves.ts';
import { levelsOf, MINUTE_MS, values, wobble } from './made-levels.ts';

const mb = (bytes: number | null) => (bytes === null ? null : Math.round(bytes / MIB));
const QUIET = { bytes: 0, persistence: 1 };
const manyFloors = fc.array(fc.integer({ min: 1, max: 1000 }), { minLength: 3, maxLength: 32 });

/** Buckets a minute apart; 0 jobs stand for an idle moment, null for jobs that are not counted. */
function bucketsOf(buckets: readonly (readonly [floorMb: number, jobs: number | null])[]): readonly Bucket[] {
  return levelsOf(buckets.map(([floorMb]) => floorMb)).map((level, index) => ({
    ...level,
    jobs: buckets[index]?.[1] ?? null,
    peakBytes: level.floorBytes,
    heldByJobsBytes: 0,
  }));
}

describe('floors between jobs', () => {
  const floorsMb = (buckets: Parameters<typeof bucketsOf>[0]) =>
    floorsBetweenJobs(bucketsOf(buckets)).map(({ floorBytes }) => mb(floorBytes));

  it.each<[string, Parameters<typeof bucketsOf>[0], readonly number[]]>([
    [
      'are those of the buckets with an idle moment',
      [
        [200, 0],
        [300, 0],
        [250, 0],
      ],
      [200, 300, 250],
    ],
    [
      'are those of an idle neighbour in a busy bucket',
      [
        [200, 0],
        [300, 4],
        [310, 4],
        [320, 4],
        [210, 0],
      ],
      [200, 200, 200, 300, 210],
    ],
    [
      'are lower in a busy bucket that is lower',
      [
        [200, 0],
        [300, 4],
        [180, 4],
      ],
      [200, 200, 180],
    ],
    [
      'are the lowest of three neighbours where no moment was idle',
      [
        [300, 4],
        [250, 4],
        [310, 4],
        [320, 4],
        [330, 4],
      ],
      [300, 250, 250, 250, 310],
    ],
    [
      'are the lowest of three where jobs are not counted',
      [
        [300, null],
        [250, null],
        [310, null],
        [320, null],
        [330, null],
      ],
      [300, 250, 250, 250, 310],
    ],
  ])('%s', (_, buckets, expected) => {
    expect(floorsMb(buckets)).toEqual(expected);
  });

  it('are never over what their buckets show', () => {
    const bucket = fc.tuple(fc.integer({ min: 1, max: 1000 }), fc.option(fc.integer({ min: 0, max: 3 })));
    fc.assert(
      fc.property(fc.array(bucket, { maxLength: 32 }), (buckets) => {
        const floors = floorsMb(buckets);
        expect(floors).toHaveLength(buckets.length);
        for (const [index, [floorMb]] of buckets.entries()) expect(floors[index]).toBeLessThanOrEqual(floorMb);
      }),
    );
  });
});

describe('noise', () => {
  it.each<[string, readonly number[]]>([
    ['of a level curve', values(32, () => 300)],
    ['of a straight rise', values(32, (index) => 300 + 5 * index)],
    ['of a single step', values(32, (index) => (index < 16 ? 300 : 400))],
    ['of too few levels', [300]],
  ])('is zero %s', (_, floors) => {
    expect(noiseOf(levelsOf(floors)).bytes).toBeCloseTo(0, 3);
  });

  it('grows with what floors vary by, whatever their height', () => {
    const noiseMb = (height: number, spread: number) =>
      noiseOf(levelsOf(values(32, (index) => height + spread * wobble(index)))).bytes / MIB;
    expect(noiseMb(300, 10)).toBeCloseTo(10 * noiseMb(300, 1), 6);
    expect(noiseMb(900, 10)).toBeCloseTo(noiseMb(300, 10), 6);
    expect(noiseMb(300, 10)).toBeGreaterThan(3);
    expect(noiseMb(300, 10)).toBeLessThan(30);
  });

  it('is persistent where neighbours say about the same', () => {
    const drift = values(32, (index) => 300 + 20 * Math.sin(index / 3) + wobble(index) / 4);
    const apart = values(32, (index) => 300 + 20 * wobble(index));
    expect(noiseOf(levelsOf(drift)).persistence).toBeGreaterThan(2);
    expect(noiseOf(levelsOf(apart)).persistence).toBeLessThan(2);
  });

  it('lowers levels that are the lowest of three, and none with an idle moment', () => {
    const noisy = (jobs: number) =>
      bucketsOf(values(32, (index) => 300 + 10 * wobble(index)).map((floorMb) => [floorMb, jobs] as const));
    expect(loweredBytes(noisy(0))).toBe(0);
    expect(loweredBytes(noisy(4))).toBeGreaterThan(MIB);
  });
});

describe('what a floor has stayed over', () => {
  const sustainedMb = (floors: readonly number[], noise = QUIET) => mb(sustainedBytes(levelsOf(floors), noise));

  it.each<[string, readonly number[], number | null]>([
    ['is unknown before three floors', [300, 300], null],
    ['is the lowest of the last three', [100, 320, 300, 310], 300],
    ['is not a height that was given back', [450, 450, 450, 200, 200, 200], 200],
    ['is not a single high floor', [200, 200, 450], 200],
  ])('%s', (_, floors, expected) => {
    expect(sustainedMb(floors)).toBe(expected);
  });

  it('is less by what a floor varies by', () => {
    expect(sustainedMb([200, 400, 410, 420], { bytes: 20 * MIB, persistence: 1 })).toBe(380);
  });

  it('is never over the highest of the last three, and moves with the floors', () => {
    fc.assert(
      fc.property(
        manyFloors,
        fc.integer({ min: 0, max: 50 }),
        fc.integer({ min: 1, max: 500 }),
        (floors, spread, more) => {
          const noise = { bytes: spread * MIB, persistence: 2 };
          const sustained = sustainedBytes(levelsOf(floors), noise) ?? Number.NaN;
          expect(sustained).toBeLessThanOrEqual(Math.max(...floors.slice(-3)) * MIB);
          const higher = sustainedBytes(levelsOf(floors.map((floor) => floor + more)), noise) ?? Number.NaN;
          expect((higher - sustained) / MIB).toBeCloseTo(more, 6);
        },
      ),
    );
  });
});

describe('steps', () => {
  const steps = (floors: readonly number[]) => stepsOf(levelsOf(floors), 15 * MIB).map((timeMs) => timeMs / MINUTE_MS);

  it.each<[string, readonly number[], readonly number[]]>([
    ['none in a level curve', values(12, () => 300), []],
    ['none of noise below the height', values(12, (index) => 300 + 5 * wobble(index)), []],
    ['one where the floor rises and stays', [300, 300, 300, 350, 350, 350], [3]],
    ['none of a single high floor', [300, 300, 300, 350, 300, 300], []],
    ['two, one over the other', [300, 300, 350, 350, 350, 400, 400], [2, 5]],
    ['one more after a floor was given back', [300, 350, 350, 300, 300, 350, 350], [1, 5]],
    ['none while it falls', [400, 380, 350, 300, 250], []],
  ])('%s', (_, floors, expected) => {
    expect(steps(floors)).toEqual(expected);
  });
});
