import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { observe, openBoot } from '../../src/detector/boot/boot.ts';
import type { CurveFeatures } from '../../src/detector/curve/features.ts';
import type { Point } from '../../src/model/point.ts';
import { type CurveShape, FAMILIES, type Family, MIB, QUOTA_MB } from './curves.ts';
import { LIMIT_BYTES, live, POINT, pointsOf, policy, START_MS, wantsRestart } from './lives.ts';

const MINUTE_MS = 60_000;

/** Of noise something may come once in many thousand curves: what rests on it is tried on the same curves each time. */
const SAME_CURVES = { seed: 7 } as const;

const anySeed = fc.integer({ min: 1, max: 1_000_000 });
const anyNoise = fc.double({ min: 0.001, max: 0.02, noNaN: true });
const anyFamily = fc.constantFrom(...(Object.keys(FAMILIES) as Family[]));
const QUIET_FAMILIES: readonly Family[] = [
  'flat',
  'high and flat',
  'job spikes',
  'saw-tooth',
  'warm-up, then flat',
  'one huge job',
  'stairs to a low plateau',
];

describe('points that come too late, or twice', () => {
  it('change nothing, whatever they say', () => {
    const disturbance = fc.record({
      at: fc.nat(2000),
      // From an interval on: what is closer may be a part of the newest export.
      backMs: fc.oneof(fc.constant(0), fc.integer({ min: 60_000, max: 3 * 3_600_000 })),
      rssBytes: fc.option(fc.integer({ min: 0, max: 2 ** 40 })),
      activeJobs: fc.option(fc.nat(50)),
      limitBytes: fc.option(fc.integer({ min: 1, max: 2 ** 40 })),
    });
    fc.assert(
      fc.property(anyFamily, anySeed, fc.array(disturbance, { maxLength: 60 }), (family, seed, disturbances) => {
        const points = pointsOf({ ...FAMILIES[family], hours: 3 }, { seed });
        const disturbed = points.flatMap((point, index) => [
          point,
          ...disturbances
            .filter(({ at }) => at % points.length === index)
            .map(({ backMs, rssBytes, activeJobs, limitBytes }) => ({
              ...point,
              timeMs: point.timeMs - backMs,
              rssBytes,
              activeJobs: backMs === 0 ? null : activeJobs,
              limitBytes,
            })),
        ]);
        const [plain, rough] = [live(points), live(disturbed)];
        expect(JSON.stringify(rough.boot)).toBe(JSON.stringify(plain.boot));
        expect(rough.verdicts).toEqual(plain.verdicts);
      }),
      { numRuns: 25 },
    );
  });

  it('of a process that has ended leave the curve as it is', () => {
    fc.assert(
      fc.property(anySeed, fc.integer({ min: 4, max: 300 }), fc.nat(500), (seed, backMin, at) => {
        const points = pointsOf({ ...FAMILIES.flat, hours: 3 }, { seed });
        const late = points.flatMap((point, index) =>
          index === at
            ? [point, { ...point, processId: 'ended', timeMs: point.timeMs - backMin * MINUTE_MS, rssBytes: 400 * MIB }]
            : [point],
        );
        expect(JSON.stringify(live(late).boot.curve)).toBe(JSON.stringify(live(points).boot.curve));
      }),
      { numRuns: 25 },
    );
  });
});

describe('gaps', () => {
  const gap = fc.record({
    fromMin: fc.double({ min: 0, max: 360, noNaN: true }),
    minutes: fc.double({ min: 1, max: 180, noNaN: true }),
  });
  const without = (points: readonly Point[], gaps: readonly { fromMin: number; minutes: number }[]) =>
    points.filter(({ timeMs }) => {
      const minute = (timeMs - START_MS) / MINUTE_MS;
      return !gaps.some(({ fromMin, minutes }) => minute >= fromMin && minute < fromMin + minutes);
    });

  it.each(QUIET_FAMILIES)('make no restart of what needs none: %s', (family) => {
    fc.assert(
      fc.property(anySeed, anyNoise, fc.array(gap, { minLength: 1, maxLength: 3 }), (seed, noise, gaps) => {
        const points = without(pointsOf(FAMILIES[family], { seed, noise }), gaps);
        if (points.length > 0) expect(wantsRestart(live(points))).toBe(false);
      }),
      { ...SAME_CURVES, numRuns: 15 },
    );
  });

  it('hide no leak that there is time to see', () => {
    fc.assert(
      fc.property(anySeed, fc.double({ min: 0, max: 400, noNaN: true }), (seed, fromMin) => {
        const points = without(pointsOf(FAMILIES['leak of ten hours'], { seed }), [{ fromMin, minutes: 100 }]);
        const crossingMs = START_MS + ((QUOTA_MB - 120) / 400) * 600 * MINUTE_MS;
        const first = live(points).verdicts.find(({ action }) => action === 'restart');
        expect(first?.timeMs).toBeLessThan(crossingMs);
      }),
      { ...SAME_CURVES, numRuns: 15 },
    );
  });
});

describe('a limit that changes', () => {
  const halfway = (before: number, after: number) => (timeMs: number) =>
    (timeMs - START_MS < 180 * MINUTE_MS ? before : after) * MIB;

  it('is what the floor is judged by from then on', () => {
    const points = pointsOf(FAMILIES['stairs to a high plateau']);
    const { verdicts } = live(points, halfway(512, 1024));
    const [early, late] = [
      verdicts.filter(({ limitBytes }) => limitBytes === 512 * MIB),
      verdicts.filter(({ limitBytes }) => limitBytes === 1024 * MIB),
    ];
    expect(early.some(({ action }) => action === 'restart')).toBe(true);
    expect(late.length).toBeGreaterThan(30);
    expect(late.filter(({ action }) => action !== 'none')).toEqual([]);
  });

  it('however it changes: a floor that never rose is not restarted below it', () => {
    const anyLimit = fc.integer({ min: 320, max: 4096 });
    fc.assert(
      fc.property(anyLimit, anyLimit, anySeed, (before, after, seed) => {
        const points = pointsOf({ hours: 6, at: () => [300] }, { seed });
        expect(wantsRestart(live(points, halfway(before, after)))).toBe(false);
      }),
      { ...SAME_CURVES, numRuns: 25 },
    );
  });
});

describe('sampling from a second to a minute', () => {
  const anyEvery = fc.integer({ min: 1, max: 60 });

  it.each<[Family, readonly string[]]>([
    ['flat', ['healthy']],
    ['high and flat', ['healthy']],
    ['warm-up, then flat', ['healthy', 'bloat']],
    ['stairs to a low plateau', ['bloat']],
    ['stairs to a high plateau', ['bloat']],
    ['leak of ten hours', ['leak']],
  ])('gives the same class: %s', (family, classes) => {
    fc.assert(
      fc.property(anyEvery, anySeed, (everyS, seed) => {
        const { hours } = FAMILIES[family];
        const shape = { ...FAMILIES[family], hours: family.startsWith('leak') ? 0.7 * hours : hours };
        expect(classes).toContain(live(pointsOf(shape, { everyS, seed })).verdicts.at(-1)?.class);
      }),
      { ...SAME_CURVES, numRuns: 12 },
    );
  });
});

describe('boots of minutes to weeks', () => {
  it('take the same room, whatever their age and their sampling', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 20_000 }), fc.integer({ min: 1, max: 600 }), (count, everyS) => {
        const boot = openBoot(POINT);
        for (let index = 0; index < count; index += 1)
          observe(
            boot,
            { ...POINT, timeMs: START_MS + index * everyS * 1000, rssBytes: (150 + (index % 9)) * MIB },
            policy,
          );
        expect(JSON.stringify(boot).length).toBeLessThan(5_000);
      }),
      { numRuns: 10 },
    );
  });

  it('are left alone in their first ten minutes, whatever they do below the hard limit', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 511 }), { minLength: 60, maxLength: 118 }), (usagesMb) => {
        const points = usagesMb.map((mb, index) => ({ ...POINT, timeMs: START_MS + index * 5000, rssBytes: mb * MIB }));
        expect(wantsRestart(live(points))).toBe(false);
      }),
      { numRuns: 60 },
    );
  });

  const WEEKS_3_H = 21 * 24;

  it('are judged after weeks as on their first day', () => {
    const rests = {
      hours: WEEKS_3_H,
      at: (minute: number) => [200 + 60 * Math.sin((minute / 1440) * 2 * Math.PI)] as const,
    };
    expect(wantsRestart(live(pointsOf(rests, { everyS: 60 })))).toBe(false);
    const fromMin = (WEEKS_3_H - 10) * 60;
    const leaks = { ...rests, at: (minute: number) => [200 + (320 / 600) * Math.max(0, minute - fromMin)] as const };
    const { verdicts } = live(pointsOf(leaks, { everyS: 60 }));
    const first = verdicts.find(({ action }) => action === 'restart');
    expect(first?.class).toBe('leak');
    expect(first?.timeMs).toBeGreaterThan(START_MS + (fromMin + 300) * MINUTE_MS);
  });
});

describe('RSS that ends at the quota while swap grows', () => {
  const isCalm = ({ isSettled, rise }: CurveFeatures) => isSettled && rise === null;

  it('is no plateau and not healthy, and is restarted', () => {
    const growth = fc.record({
      mbPerHour: fc.integer({ min: 20, max: 400 }),
      everyS: fc.constantFrom(10, 20, 60),
      seed: anySeed,
    });
    fc.assert(
      fc.property(growth, ({ mbPerHour, everyS, seed }) => {
        const hours = Math.min(30, (1.6 * QUOTA_MB) / mbPerHour);
        const shape: CurveShape = { hours, at: (minute) => [120 + (mbPerHour / 60) * minute] };
        const points = pointsOf(shape, { everyS, seed }).map(
          (point): Point => ({
            ...point,
            treeResidentBytes: Math.min(LIMIT_BYTES, point.rssBytes ?? 0),
            treeSwapBytes: Math.max(0, (point.rssBytes ?? 0) - LIMIT_BYTES),
          }),
        );
        const { verdicts, shapes } = live(points);
        const pinned = shapes.filter(({ floorBytes }) => (floorBytes ?? 0) > 1.05 * LIMIT_BYTES);
        expect(pinned.length).toBeGreaterThan(0);
        expect(pinned.filter(isCalm)).toEqual([]);
        expect(verdicts.find(({ action }) => action === 'restart')?.timeMs).toBeLessThan(
          START_MS + ((QUOTA_MB - 120) / mbPerHour) * 60 * MINUTE_MS,
        );
      }),
      { ...SAME_CURVES, numRuns: 20 },
    );
  });
});

describe('columns that are unknown', () => {
  const COLUMNS = [
    'rssBytes',
    'treeResidentBytes',
    'treeSwapBytes',
    'limitBytes',
    'activeJobs',
    'completedJobs',
  ] as const;
  const whole = (point: Point): Point => ({
    ...point,
    treeResidentBytes: point.rssBytes,
    treeSwapBytes: 0,
    activeJobs: point.activeJobs ?? 0,
    completedJobs: 5,
  });

  // A job that holds more than the quota for twenty minutes is known for one only where jobs are counted.
  it.each(QUIET_FAMILIES.filter((family) => family !== 'one huge job'))(
    'make no restart of what needs none: %s',
    (family) => {
      fc.assert(
        fc.property(fc.subarray([...COLUMNS]), anySeed, (missing, seed) => {
          const points = pointsOf(FAMILIES[family], { seed }).map(
            (point): Point => ({ ...whole(point), ...Object.fromEntries(missing.map((name) => [name, null])) }),
          );
          expect(wantsRestart(live(points))).toBe(false);
        }),
        { ...SAME_CURVES, numRuns: 15 },
      );
    },
  );

  it('now and then: a boot takes any point, and its class is one', () => {
    const cell = fc.option(fc.integer({ min: 0, max: 2 ** 40 }));
    const row = fc.record({
      gapMs: fc.integer({ min: 1, max: 90_000 }),
      cells: fc.tuple(cell, cell, cell, cell, cell, cell),
    });
    fc.assert(
      fc.property(fc.array(row, { minLength: 1, maxLength: 300, size: 'max' }), (rows) => {
        let timeMs = START_MS;
        const points = rows.map(({ gapMs, cells }): Point => {
          timeMs += gapMs;
          return {
            ...POINT,
            timeMs,
            ...Object.fromEntries(COLUMNS.map((name, index) => [name, cells[index] ?? null])),
          };
        });
        for (const { explanation, reclaimableBytes } of live(points, () => null).verdicts) {
          expect(explanation).not.toMatch(/NaN|Infinity|undefined/);
          expect(reclaimableBytes ?? 0).toBeGreaterThanOrEqual(0);
        }
      }),
      { numRuns: 60 },
    );
  });

  it('without a limit nothing is restarted, only advised', () => {
    fc.assert(
      fc.property(anyFamily, anySeed, (family, seed) => {
        const points = pointsOf(FAMILIES[family], { seed }).map((point) => ({ ...point, limitBytes: null }));
        expect(wantsRestart(live(points, () => null))).toBe(false);
      }),
      { numRuns: 20 },
    );
  });

  it('without swap and with no jobs counted, the class is what it is with them', () => {
    fc.assert(
      fc.property(
        fc.constantFrom<Family>('flat', 'stairs to a low plateau', 'leak of ten hours'),
        anySeed,
        (family, seed) => {
          const points = pointsOf(FAMILIES[family], { seed });
          const last = (of: readonly Point[]) => live(of).verdicts.at(-1)?.class;
          expect(last(points)).toBe(last(points.map(whole)));
        },
      ),
      { ...SAME_CURVES, numRuns: 12 },
    );
  });
});
