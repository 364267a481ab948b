import { describe, expect, it } from 'vitest';
import { Curve } from '../../../src/detector/curve/curve.ts';
import type { CurveFeatures, FeatureContext } from '../../../src/detector/curve/features.ts';
import { MIB } from '../curves.ts';
import { type At, featuresSeen, feedMinutes, START_MS, WINDOW_MS } from './samples.ts';

/** Idle, unless `at` says otherwise: then each bucket shows a floor of its own. */
const curveOf = (minutes: number, at: At) =>
  feedMinutes(new Curve(WINDOW_MS, START_MS), minutes, (minute) => ({ activeJobs: 0, ...at(minute) }));

/** The features of the newest bucket on a dyno of 512 MB with a soft limit of 410 MB. */
function seen(minutes: number, at: At, context: Partial<FeatureContext> = {}): CurveFeatures {
  return featuresSeen(curveOf(minutes, at), context);
}

const mb = (bytes: number | null | undefined) => (bytes == null ? null : Math.round(bytes / MIB));
const flat: At = () => ({ ownMb: 200 });
/** From 150 MB to 350 MB in four steps, from minute 20 to 50. */
const stairs: At = (minute) => ({ ownMb: 150 + 50 * Math.min(4, Math.max(0, Math.floor((minute - 10) / 10))) });
const rising: At = (minute) => ({ ownMb: 150 + 3 * minute });
const teeth: At = (minute) => ({ ownMb: 150 + 10 * (minute % 10) });

describe('levels', () => {
  it('of a flat floor are the same now, sustained and after the warm-up', () => {
    const { floorBytes, sustainedBytes, baseBytes } = seen(40, flat);
    expect([floorBytes, sustainedBytes, baseBytes].map(mb)).toEqual([200, 200, 200]);
  });

  it('of a floor that rose are those of before and after', () => {
    const { floorBytes, baseBytes, steps, flatMs } = seen(70, stairs);
    expect([floorBytes, baseBytes].map(mb)).toEqual([350, 150]);
    // The last step is 20 minutes old; a step is seen once three floors agree.
    expect(steps).toBeGreaterThan(0);
    expect(flatMs / WINDOW_MS).toBeGreaterThan(14);
    expect(flatMs / WINDOW_MS).toBeLessThanOrEqual(20);
  });

  it('are not sustained before three floors', () => {
    expect(seen(2.5, flat).sustainedBytes).toBeNull();
    expect(mb(seen(4, flat).sustainedBytes)).toBe(200);
  });

  it('that were given back are not sustained', () => {
    expect(mb(seen(40, (minute) => ({ ownMb: minute < 36 ? 450 : 200 })).sustainedBytes)).toBe(200);
  });

  it.each<[string, At, Partial<CurveFeatures>]>([
    ['a flat floor', flat, { hasRisen: false, isSettled: true }],
    ['stairs of the first hour', stairs, { hasRisen: false, isSettled: true, rise: null }],
    ['teeth', teeth, { hasRisen: false, rise: null }],
  ])('of %s show what it is', (_, at, expected) => {
    expect(seen(70, at)).toMatchObject(expected);
  });
});

it('a floor on its way back to where it was a day ago has no line', () => {
  const swing: At = (minute) => ({ ownMb: 250 + 100 * Math.cos(((minute - 60) / 1440) * 2 * Math.PI) });
  expect(seen(23 * 60, swing).rise).toBeNull();
  expect(seen(23 * 60, (minute) => ({ ownMb: 150 + minute / 6 })).rise).not.toBeNull();
});

it('noise, however wide, is neither a peak nor teeth', () => {
  // Numbers without order, the same for each run.
  const noisy: At = (minute) => ({ ownMb: 400 + 60 * Math.sin(43_758 * Math.sin(13 * Math.round(minute * 5))) });
  expect(seen(70, noisy)).toMatchObject({ isAtPeak: false, peaksRecur: false, isSawtooth: false });
});

it('a floor that rises after the first hour has risen', () => {
  const later: At = (minute) => stairs(minute - 60);
  expect(seen(130, later)).toMatchObject({ hasRisen: true, isSettled: true, isSawtooth: false, rise: null });
});

it('a floor of the first hour is compared without the jobs that ran then', () => {
  const busyAtStart: At = (minute) => (minute < 60 ? { ownMb: 300, activeJobs: 10 } : { ownMb: 200, activeJobs: 0 });
  const grown: At = (minute) => (minute < 70 ? busyAtStart(minute) : { ownMb: 280 });
  const perJob = { bytes: 10 * MIB, marginBytes: 0 };
  expect(seen(130, grown, { perJob }).hasRisen).toBe(true);
});

describe('a rise', () => {
  it('is found in a floor that keeps rising, with its slope and where its line is', () => {
    const { rise, floorBytes } = seen(60, rising);
    expect(((rise?.bytesPerMs ?? 0) * WINDOW_MS) / MIB).toBeCloseTo(3, 1);
    expect(Math.abs((rise?.bytes ?? 0) - floorBytes)).toBeLessThan(6 * MIB);
  });

  it('is found during the warm-up too', () => {
    expect(seen(20, rising).rise).not.toBeNull();
  });

  it('is not found where more jobs run and nothing is known about what they hold', () => {
    const busy: At = (minute) => ({ ...rising(minute), activeJobs: Math.floor(minute / 5) });
    expect(seen(60, busy, { perJob: { bytes: 0, marginBytes: 0 } }).rise).not.toBeNull();
    expect(seen(60, busy, { perJob: { bytes: 0, marginBytes: 2 ** 50 } }).rise).toBeNull();
  });
});

describe('peaks', () => {
  const peakAt =
    (...minutes: readonly number[]): At =>
    (minute) => ({ ownMb: minutes.some((from) => minute > from && minute < from + 0.7) ? 400 : 200 });

  it.each<[string, At, readonly [boolean, boolean]]>([
    ['a single one, now', peakAt(38), [true, false]],
    ['a single one, ten minutes ago', peakAt(29), [false, false]],
    ['four in twenty minutes', peakAt(22, 26, 30, 34), [false, true]],
  ])('%s', (_, at, expected) => {
    const { isAtPeak, peaksRecur } = seen(40, at);
    expect([isAtPeak, peaksRecur]).toEqual(expected);
  });

  it('leave the floor where it is', () => {
    const { floorBytes, peakBytes } = seen(40, peakAt(38));
    expect([floorBytes, peakBytes].map(mb)).toEqual([200, 400]);
  });
});

describe('running jobs', () => {
  const perJob = { bytes: 10 * MIB, marginBytes: 2 * MIB };
  const later: At = (minute) => (minute < 20 ? { ownMb: 200, activeJobs: 2 } : { ownMb: 280, activeJobs: 10 });

  it('are subtracted from earlier floors once it is known what they hold', () => {
    const { floorBytes, baseBytes, hasRisen } = seen(40, later, { perJob });
    expect([floorBytes, baseBytes].map(mb)).toEqual([180, 180]);
    expect(hasRisen).toBe(false);
  });

  it('leave a margin for each job more than at the base', () => {
    const { loadMarginBytes, isLoadKnown } = seen(40, later, { perJob });
    expect(mb(loadMarginBytes)).toBe(8 * 2);
    expect(isLoadKnown).toBe(true);
  });

  it('make floor and base incomparable while nothing is known about what they hold', () => {
    expect(seen(40, later, { perJob: { bytes: 0, marginBytes: 2 ** 50 } })).toMatchObject({
      isLoadKnown: false,
      hasRisen: false,
    });
  });

  it('hold, on top of the floor, the least they held in any of the last three buckets', () => {
    const held: At = (minute) => ({
      ownMb: 200,
      activeJobs: 5,
      heldByJobsBytes: (minute > 38 ? 90 : 60) * MIB,
      jobsBytes: 60 * MIB,
    });
    expect(mb(seen(40, held).heldByJobsBytes)).toBe(60);
  });
});

describe('since when the floor is over the soft limit', () => {
  /** The features of each minute, one after the other. */
  function each(minutes: number, at: At, context: Partial<FeatureContext> = {}): readonly CurveFeatures[] {
    const all: CurveFeatures[] = [];
    for (let minute = 4; minute <= minutes; minute += 1)
      all.push(seen(minute, at, { ...context, before: all.at(-1) ?? null }));
    return all;
  }
  const up: At = (minute) => ({ ownMb: minute < 20 ? 200 : 450 });
  const sinceMin = (ms: number | null | undefined) => (ms == null ? null : Math.round((ms - START_MS) / WINDOW_MS));

  it('is when the first of three floors was, and stays so', () => {
    const all = each(50, up);
    // The median of three samples leaves the bucket of the step itself low.
    expect(sinceMin(all.find((one) => one.overSoftSinceMs !== null)?.overSoftSinceMs)).toBe(21);
    expect(sinceMin(all.at(-1)?.overSoftSinceMs)).toBe(21);
  });

  it('ends with the first floor below it', () => {
    expect(each(50, (minute) => ({ ownMb: minute < 45 ? up(minute).ownMb : 300 })).at(-1)?.overSoftSinceMs).toBeNull();
  });

  it('is null where the limit is unknown', () => {
    expect(each(30, up, { softLimitBytes: null }).at(-1)?.overSoftSinceMs).toBeNull();
  });

  it('counts jobs on top of the floor, and reports the floor alone separately', () => {
    const loaded: At = (minute) => ({
      ownMb: 300,
      activeJobs: minute < 20 ? 0 : 5,
      heldByJobsBytes: minute < 20 ? 0 : 150 * MIB,
      jobsBytes: minute < 20 ? 0 : 150 * MIB,
    });
    const last = each(40, loaded, { perJob: { bytes: 30 * MIB, marginBytes: 0 } }).at(-1);
    expect(sinceMin(last?.overSoftSinceMs)).toBe(20);
    expect(last?.floorOverSoftSinceMs).toBeNull();
  });
});
