import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { classify } from '../../src/detector/classify.ts';
import { Curve } from '../../src/detector/curve.ts';
import { shapeOf } from '../../src/detector/shape.ts';
import { MIB } from './curves.ts';

const WINDOW_MS = 60_000;
const START_MS = 1_700_000_000_000;
const limits = { limitBytes: 512 * MIB, softLimitBytes: 410 * MIB };

interface Sample {
  readonly gapMs: number;
  readonly usageBytes: number;
  readonly activeJobs: number | null;
}

/** Hours of samples up to a minute apart, with a gap now and then, up to the largest memory there is. */
const arbitrarySamples = fc.array(
  fc.record({
    gapMs: fc.oneof(
      { weight: 20, arbitrary: fc.integer({ min: 1, max: 60_000 }) },
      fc.integer({ min: 1, max: 40_000_000 }),
    ),
    usageBytes: fc.oneof(fc.integer({ min: 0, max: 600 * MIB }), fc.integer({ min: 0, max: 2 ** 45 })),
    activeJobs: fc.option(fc.integer({ min: 0, max: 20 })),
  }),
  { minLength: 1, maxLength: 400, size: 'max' },
);

/** Feeds samples, and looks at each bucket that closes. */
function feed(curve: Curve, samples: readonly Sample[], fromMs: number): number {
  let timeMs = fromMs;
  for (const { gapMs, usageBytes, activeJobs } of samples) {
    timeMs += gapMs;
    if (curve.observe(timeMs, usageBytes, activeJobs)) classify(curve, limits);
  }
  return timeMs;
}

function written(curve: Curve): string {
  return JSON.stringify(curve);
}

describe('a curve in a snapshot', () => {
  it('goes on, restored, exactly as the one that was never away', () => {
    fc.assert(
      fc.property(arbitrarySamples, arbitrarySamples, (before, after) => {
        const curve = new Curve(WINDOW_MS, START_MS);
        const atMs = feed(curve, before, START_MS);
        const restored = Curve.restore(JSON.parse(written(curve)));
        expect(restored).not.toBeNull();
        if (restored === null) return;
        expect(written(restored)).toBe(written(curve));
        feed(curve, after, atMs);
        feed(restored, after, atMs);
        expect(written(restored)).toBe(written(curve));
        expect(shapeOf(restored)).toEqual(shapeOf(curve));
        expect(restored.fine()).toEqual(curve.fine());
        expect(restored.coarse()).toEqual(curve.coarse());
        expect(restored.wide()).toEqual(curve.wide());
      }),
      { numRuns: 60 },
    );
  });

  it('shares nothing with the one it was made from', () => {
    const curve = new Curve(WINDOW_MS, START_MS);
    feed(curve, [{ gapMs: 1, usageBytes: MIB, activeJobs: null }], START_MS);
    const before = written(curve);
    const restored = Curve.restore(JSON.parse(before));
    if (restored !== null) feed(restored, [{ gapMs: 5, usageBytes: 9 * MIB, activeJobs: null }], START_MS);
    expect(written(curve)).toBe(before);
  });

  it('is as large after three weeks as after an hour', () => {
    const curve = new Curve(WINDOW_MS, START_MS);
    const hour = Array.from({ length: 60 }, (_, index) => ({
      gapMs: 60_000,
      usageBytes: (150 + (index % 7)) * MIB,
      activeJobs: index % 2,
    }));
    let atMs = feed(curve, hour, START_MS);
    const afterAnHour = written(curve).length;
    for (let more = 1; more < 21 * 24; more += 1) atMs = feed(curve, hour, atMs);
    expect(written(curve)).toHaveLength(afterAnHour);
    expect(curve.closedBuckets).toBe(21 * 24 * 12 - 1);
    expect(shapeOf(curve).class).toBe('healthy');
  });
});

describe('a snapshot of a curve that is refused', () => {
  const whole = () => {
    const curve = new Curve(WINDOW_MS, START_MS);
    feed(
      curve,
      Array.from({ length: 100 }, () => ({ gapMs: 20_000, usageBytes: 150 * MIB, activeJobs: 0 })),
      START_MS,
    );
    return JSON.parse(written(curve)) as { windowMs: number; originMs: number; values: string };
  };
  /** The values, with another number at one place. */
  const withValue = (place: number, value: number) => {
    const bytes = Buffer.from(whole().values, 'base64');
    bytes.writeFloatLE(value, place * 4);
    return { ...whole(), values: bytes.toString('base64') };
  };
  const CLOSED = 0;

  it.each<[string, unknown]>([
    ['nothing', null],
    ['nothing at all', undefined],
    ['a text', 'curve'],
    ['a list', []],
    ['an object without anything', {}],
    ['a window of none', { ...whole(), windowMs: 0 }],
    ['a window that is a text', { ...whole(), windowMs: '60000' }],
    ['no origin', { ...whole(), originMs: null }],
    ['values that are numbers', { ...whole(), values: [1, 2, 3] }],
    ['values that are cut off', { ...whole(), values: whole().values.slice(0, 100) }],
    ['values that are too many', { ...whole(), values: whole().values + whole().values }],
    ['values that are no base64', { ...whole(), values: whole().values.replace(/^..../, '!!!!') }],
    ['a value that is no number', withValue(5, Number.NaN)],
    ['a value without end', withValue(5, Number.POSITIVE_INFINITY)],
    // Counting on from here stands still, and whoever counts up to it never ends.
    ['a count beyond counting', withValue(CLOSED, 2 ** 54)],
    ['a count below nothing', withValue(CLOSED, -1)],
    ['a count of a half', withValue(CLOSED, 7.5)],
  ])('%s', (_, value) => {
    expect(Curve.restore(value)).toBeNull();
  });

  it('whatever the bytes: it is refused, or goes on without a fault', () => {
    const length = Buffer.from(whole().values, 'base64').length;
    fc.assert(
      fc.property(fc.uint8Array({ minLength: length, maxLength: length }), arbitrarySamples, (bytes, samples) => {
        const curve = Curve.restore({ ...whole(), values: Buffer.from(bytes).toString('base64') });
        if (curve === null) return;
        feed(curve, samples, START_MS);
        shapeOf(curve);
      }),
      { numRuns: 200 },
    );
  });

  it('with one value changed: it is refused, or goes on without a fault', () => {
    const places = Buffer.from(whole().values, 'base64').length / 4;
    const value = fc.oneof(fc.float(), fc.constantFrom(-1, 0, 0.5, 32, 2 ** 24, 2 ** 53, 3e38));
    fc.assert(
      fc.property(fc.nat(places - 1), value, arbitrarySamples, (place, other, samples) => {
        const curve = Curve.restore(withValue(place, other));
        if (curve === null) return;
        feed(curve, samples, START_MS);
        expect(curve.fine().length).toBeLessThanOrEqual(32);
        shapeOf(curve);
      }),
      { numRuns: 300 },
    );
  });
});
