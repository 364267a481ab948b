import { describe, expect, it } from 'vitest';
import { bloat } from '../../../src/detector/classes/bloat.ts';
import { classify } from '../../../src/detector/classes/classify.ts';
import { healthy } from '../../../src/detector/classes/healthy.ts';
import { leak } from '../../../src/detector/classes/leak.ts';
import { sawtooth } from '../../../src/detector/classes/sawtooth.ts';
import { spike } from '../../../src/detector/classes/spike.ts';
import { unknown } from '../../../src/detector/classes/unknown.ts';
import { warming } from '../../../src/detector/classes/warming.ts';
import type { CurveFeatures } from '../../../src/detector/curve/features.ts';
import { featuresWith, RISE } from '../made-features.ts';

interface MemoryClassFile {
  readonly class: string;
  readonly matches: (features: CurveFeatures) => boolean;
}

describe('a class matches', () => {
  it.each<[MemoryClassFile, string, Partial<CurveFeatures>, boolean]>([
    [warming, 'before three floors', { sustainedBytes: null }, true],
    [warming, 'not after them', {}, false],
    [leak, 'a floor that keeps rising', { rise: RISE }, true],
    [leak, 'not one that has risen', { hasRisen: true }, false],
    [bloat, 'a floor that has risen and stays', { hasRisen: true, isSettled: true }, true],
    [bloat, 'not one that still moves', { hasRisen: true, isSettled: false }, false],
    [bloat, 'not one that has not risen', { hasRisen: false, isSettled: true }, false],
    [unknown, 'a floor that has risen and still moves', { hasRisen: true, isSettled: false }, true],
    [unknown, 'not one that has not risen', { isSettled: false }, false],
    [sawtooth, 'a floor that is given back over and over', { isSawtooth: true }, true],
    [sawtooth, 'peaks that recur', { peaksRecur: true }, true],
    [sawtooth, 'not a single peak', { isAtPeak: true }, false],
    [spike, 'a peak', { isAtPeak: true }, true],
    [spike, 'not a level floor', {}, false],
    [healthy, 'whatever no other class matches', {}, true],
  ])('$class: %s', (file, _, changes, expected) => {
    expect(file.matches(featuresWith(changes))).toBe(expected);
  });
});

describe('of several classes that match, the first one counts', () => {
  it.each<[string, Partial<CurveFeatures>, string]>([
    ['nothing is said before three floors', { sustainedBytes: null, rise: RISE, hasRisen: true }, 'warming'],
    ['a rise is a leak, however settled', { rise: RISE, hasRisen: true, isSettled: true }, 'leak'],
    ['a risen floor beneath a sawtooth is bloat', { hasRisen: true, isSawtooth: true }, 'bloat'],
    [
      'a risen floor that moves is unknown, with peaks too',
      { hasRisen: true, isSettled: false, isAtPeak: true },
      'unknown',
    ],
    ['a peak among peaks is a sawtooth', { isAtPeak: true, peaksRecur: true }, 'sawtooth'],
    ['a peak over a level floor is a spike', { isAtPeak: true }, 'spike'],
    ['a level floor is healthy', {}, 'healthy'],
  ])('%s', (_, changes, expected) => {
    expect(classify(featuresWith(changes), null).candidate).toBe(expected);
  });
});
