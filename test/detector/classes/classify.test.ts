import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Classified, classify } from '../../../src/detector/classes/classify.ts';
import type { CurveFeatures } from '../../../src/detector/curve/features.ts';
import { MIB } from '../curves.ts';
import { featuresWith, RISE } from '../made-features.ts';

const MINUTE_MS = 60_000;
const LEVEL = {};
const RISING = { rise: RISE, hasRisen: true, isSettled: false };
const MOVING = { hasRisen: true, isSettled: false };
const SETTLED = { hasRisen: true, isSettled: true };
const ENDED = { riseHasEnded: true };

/** What is said at each of these buckets, a minute apart. */
function classified(buckets: readonly Partial<CurveFeatures>[]): readonly Classified[] {
  const said: Classified[] = [];
  buckets.forEach((changes, index) => {
    const features = featuresWith({ timeMs: (60 + index) * MINUTE_MS, ...changes });
    said.push(classify(features, said.at(-1) ?? null));
  });
  return said;
}

const times = <T>(count: number, value: T): readonly T[] => Array.from({ length: count }, () => value);
const classesOf = (buckets: readonly Partial<CurveFeatures>[]) => classified(buckets).map((one) => one.class);

describe('a class is entered at once; bloat and leaks are left late', () => {
  it.each<[string, readonly Partial<CurveFeatures>[], string]>([
    ['a leak at once', [LEVEL, RISING], 'leak'],
    ['bloat at once', [LEVEL, SETTLED], 'bloat'],
    ['bloat is left after four buckets', [SETTLED, ...times(3, LEVEL)], 'bloat'],
    ['bloat is left after four buckets', [SETTLED, ...times(4, LEVEL)], 'healthy'],
    ['bloat is not left for four buckets of two kinds', [SETTLED, LEVEL, LEVEL, MOVING, MOVING], 'bloat'],
    ['a leak that has ended is left after four buckets', [...times(2, RISING), ...times(3, ENDED)], 'leak'],
    ['a leak that has ended is left after four buckets', [...times(2, RISING), ...times(4, ENDED)], 'healthy'],
    ['a leak that has ended may be bloat', [...times(2, RISING), ...times(4, { ...SETTLED, ...ENDED })], 'bloat'],
    ['a leak that only looks level stays a leak', [...times(2, RISING), ...times(60, LEVEL)], 'leak'],
    ['a leak that only looks like bloat stays a leak', [...times(2, RISING), ...times(60, SETTLED)], 'leak'],
  ])('%s (%#)', (_, buckets, expected) => {
    expect(classesOf(buckets).at(-1)).toBe(expected);
  });
});

describe('a leak near its limit', () => {
  const buckets = [...times(2, RISING), ...times(60, { ...MOVING, floorBytes: 500 * MIB })];

  it('stays a leak while its floor moves, though its line is no longer seen', () => {
    expect(new Set(classesOf(buckets).slice(1))).toEqual(new Set(['leak']));
  });

  it('keeps the slope of its rise', () => {
    for (const { features } of classified(buckets).slice(2))
      expect(features.rise).toMatchObject({
        bytesPerMs: RISE.bytesPerMs,
        timeMs: features.timeMs,
      });
  });

  it('has a line that goes on, though not above the floor that is seen', () => {
    const lines = classified(buckets).map(({ features }) => Math.round((features.rise?.bytes ?? 0) / MIB));
    expect(lines.slice(1, 5)).toEqual([461, 463, 464, 465]);
    expect(lines.at(-1)).toBe(500);
  });

  it('takes a new line as soon as one is seen', () => {
    const steeper = { ...RISE, bytesPerMs: 3 * RISE.bytesPerMs };
    expect(classified([...buckets, { ...RISING, rise: steeper }]).at(-1)?.features.rise).toBe(steeper);
  });
});

describe('a leak whose newest buckets say otherwise', () => {
  const buckets = [...times(2, RISING), ...times(4, SETTLED)];

  it('has no line, so that it is not restarted for one', () => {
    const hasLine = classified(buckets).map(({ features }) => features.rise !== null);
    expect(hasLine).toEqual([true, true, true, true, true, false]);
  });

  it('keeps its slope, by which it is seen whether it has ended', () => {
    expect(classified(buckets).at(-1)?.features.leakBytesPerMs).toBe(RISE.bytesPerMs);
    expect(classified([...buckets, ...times(4, { ...LEVEL, ...ENDED })]).at(-1)?.features.leakBytesPerMs).toBeNull();
  });
});

it('nothing but a leak has a rise, whatever the buckets say', () => {
  const bucket = fc.record({
    rise: fc.constantFrom(null, RISE),
    hasRisen: fc.boolean(),
    isSettled: fc.boolean(),
    isAtPeak: fc.boolean(),
    isSawtooth: fc.boolean(),
    riseHasEnded: fc.boolean(),
    sustainedBytes: fc.constantFrom(null, 200 * MIB),
  });
  fc.assert(
    fc.property(fc.array(bucket, { maxLength: 30 }), (buckets) => {
      for (const one of classified(buckets)) expect(one.features.rise === null || one.class === 'leak').toBe(true);
    }),
  );
});
