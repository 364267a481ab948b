import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Curve, type CurveSample } from '../../../src/detector/curve/curve.ts';
import { MIB } from '../curves.ts';
import { arbitrarySamples, featuresSeen, feed, feedMinutes, START_MS, WINDOW_MS, written } from './samples.ts';

/** Feeds a sample every 12 s, in MB: five a minute. */
function grown(minutes: number, at: (minute: number) => Partial<CurveSample> & { readonly ownMb: number }): Curve {
  return feedMinutes(new Curve(WINDOW_MS, START_MS), minutes, at);
}

const floorsMb = (curve: Curve) => curve.fine().map(({ floorBytes }) => Math.round(floorBytes / MIB));
const warmMb = (curve: Curve) => (curve.warm === null ? null : Math.round(curve.warm.floorBytes / MIB));

describe('a bucket', () => {
  it('closes after a window and five samples, whichever comes later', () => {
    const closings = (everyMs: number) => {
      const curve = new Curve(WINDOW_MS, START_MS);
      const sample = { ownBytes: MIB, heldByJobsBytes: 0, jobsBytes: 0, activeJobs: null, holdingJobs: null };
      for (let timeMs = START_MS; ; timeMs += everyMs)
        if (curve.observe({ ...sample, timeMs })) return (timeMs - START_MS) / 1000;
    };
    expect([closings(1000), closings(12_000), closings(60_000)]).toEqual([60, 60, 300]);
  });

  it('closes with fewer samples where those are rarer than fifty windows', () => {
    const curve = new Curve(WINDOW_MS, START_MS);
    feed(
      curve,
      [0, 51, 51].map((minutes) => ({ gapMs: minutes * WINDOW_MS, usageBytes: MIB, activeJobs: null })),
    );
    expect(curve.closedBuckets).toBe(2);
  });

  it('holds the lowest and the highest of its samples, and their time', () => {
    const curve = grown(3, (minute) => ({ ownMb: minute % 1 < 0.5 ? 100 : 140 }));
    expect(curve.fine().map(({ timeMs }) => (timeMs - START_MS) / WINDOW_MS)).toEqual([0, 1]);
    expect(floorsMb(curve)[1]).toBeLessThan(110);
    expect(Math.round((curve.fine()[1]?.peakBytes ?? 0) / MIB)).toBe(140);
  });

  it('shows the mean of what runs and of what that holds, where no moment is idle', () => {
    const curve = grown(2, (minute) => ({
      ownMb: 100,
      activeJobs: minute % 1 < 0.5 ? 2 : 4,
      jobsBytes: 20 * MIB,
      heldByJobsBytes: 30 * MIB,
    }));
    const [bucket] = curve.fine();
    expect(bucket?.jobs).toBeGreaterThan(2);
    expect(bucket?.jobs).toBeLessThan(4);
    expect(bucket).toMatchObject({ jobsBytes: 20 * MIB, heldByJobsBytes: 30 * MIB });
  });

  it('shows null jobs where they are not counted', () => {
    expect(grown(2, () => ({ ownMb: 100, activeJobs: null })).fine()[0]).toMatchObject({ jobs: null, jobsBytes: 0 });
  });

  it('shows the floor of its idle moments where it has any: jobs may be taken for holding too much', () => {
    const curve = grown(4, (minute) =>
      minute % 1 < 0.6
        ? { ownMb: 60, activeJobs: 3, jobsBytes: 90 * MIB, heldByJobsBytes: 90 * MIB }
        : { ownMb: 100, activeJobs: 0, jobsBytes: 0, heldByJobsBytes: 0 },
    );
    const [, ...later] = curve.fine();
    for (const bucket of later) {
      expect(bucket).toMatchObject({ jobs: 0, jobsBytes: 0, heldByJobsBytes: 0 });
    }
    expect(later.at(-1)?.floorBytes).toBeGreaterThan(59 * MIB);
  });

  it('does not take a single odd sample for its floor', () => {
    const curve = grown(6, (minute) => ({ ownMb: Math.abs(minute - 4.4) < 0.01 ? 20 : 200 }));
    expect(Math.min(...floorsMb(curve))).toBe(200);
  });
});

describe('the rings of a curve', () => {
  const curve = grown(6 * 60, (minute) => ({ ownMb: 100 + minute }));

  it('keep the newest half hour in buckets, and coarser floors of twelve and of 72 of them', () => {
    expect([curve.fine().length, curve.coarse().length, curve.wide().length]).toEqual([32, 28, 4]);
    expect(curve.closedBuckets).toBe(359);
  });

  it('are in order; a coarse floor is the lowest of its twelve, the next one the highest of six of those', () => {
    for (const levels of [curve.fine(), curve.coarse(), curve.wide()]) {
      const times = levels.map(({ timeMs }) => timeMs);
      expect(times).toEqual([...times].sort((a, b) => a - b));
    }
    const coarse = curve.coarse().map(({ floorBytes }) => Math.round(floorBytes / MIB));
    expect(coarse.slice(-2)).toEqual([100 + 27 * 12, 100 + 28 * 12]);
    const highest = curve.wide().map(({ floorBytes }) => Math.round(floorBytes / MIB));
    expect(highest).toEqual([5, 11, 17, 23].map((index) => 100 + index * 12));
  });
});

describe('the warm-up', () => {
  it('is over once four floors are level, and the floor is theirs', () => {
    const curve = grown(12, (minute) => ({ ownMb: Math.min(300, 100 + 40 * minute) }));
    expect(warmMb(curve)).toBe(300);
    expect(warmMb(grown(5, (minute) => ({ ownMb: Math.min(300, 100 + 40 * minute) })))).toBeNull();
  });

  it('of a boot that grows from its start is over after half an hour, with an early floor', () => {
    const curve = grown(40, (minute) => ({ ownMb: 100 + 20 * minute }));
    expect(warmMb(grown(25, (minute) => ({ ownMb: 100 + 20 * minute })))).toBeNull();
    expect(warmMb(curve)).toBeGreaterThan(100);
    expect(warmMb(curve)).toBeLessThan(300);
  });

  it('has as early a floor where samples are rare and buckets wide', () => {
    const curve = new Curve(WINDOW_MS, START_MS);
    const sample = { heldByJobsBytes: 0, jobsBytes: 0, activeJobs: null, holdingJobs: null };
    for (let minute = 0; minute < 60; minute += 1)
      curve.observe({ ...sample, timeMs: START_MS + minute * 60_000, ownBytes: (100 + 20 * minute) * MIB });
    expect(warmMb(curve)).toBeGreaterThan(100);
    expect(warmMb(curve)).toBeLessThan(300);
  });

  it('keeps its floor, whatever comes later', () => {
    expect(warmMb(grown(60, (minute) => ({ ownMb: minute < 10 ? 150 : 400 })))).toBe(150);
  });

  it('remembers the jobs that ran and what was taken out for them', () => {
    const curve = grown(12, () => ({ ownMb: 150, activeJobs: 3, jobsBytes: 60 * MIB, heldByJobsBytes: 60 * MIB }));
    expect(curve.warm).toMatchObject({ jobs: 3, jobsBytes: 60 * MIB });
  });

  it('is not over by floors of which jobs that never ended may hold much: such memory is no floor', () => {
    /** A long job takes 400 MB in its first minutes; it ends after 60. What is left is then known. */
    const curve = (minutes: number) =>
      grown(minutes, (minute) =>
        minute < 60
          ? { ownMb: 30, activeJobs: 1, jobsBytes: 0, heldByJobsBytes: 400 * MIB }
          : { ownMb: 120, activeJobs: 0, jobsBytes: 0, heldByJobsBytes: 0 },
      );
    expect(warmMb(curve(59))).toBeNull();
    expect(warmMb(curve(70))).toBe(120);
  });

  it('is over by floors beneath jobs of which it is known what they hold', () => {
    const curve = grown(12, () => ({ ownMb: 150, activeJobs: 5, jobsBytes: 300 * MIB, heldByJobsBytes: 300 * MIB }));
    expect(warmMb(curve)).toBe(150);
  });
});

describe('a curve in a snapshot', () => {
  it('goes on, restored, exactly as the one that was never away', () => {
    fc.assert(
      fc.property(arbitrarySamples, arbitrarySamples, (before, after) => {
        const curve = new Curve(WINDOW_MS, START_MS);
        const atMs = feed(curve, before);
        const restored = Curve.restore(JSON.parse(written(curve)));
        expect(restored).not.toBeNull();
        if (restored === null) return;
        expect(written(restored)).toBe(written(curve));
        feed(curve, after, atMs);
        feed(restored, after, atMs);
        expect(written(restored)).toBe(written(curve));
        expect(restored.fine()).toEqual(curve.fine());
        expect(restored.coarse()).toEqual(curve.coarse());
        expect(restored.wide()).toEqual(curve.wide());
        if (curve.closedBuckets > 0) expect(featuresSeen(restored)).toEqual(featuresSeen(curve));
      }),
      { numRuns: 60 },
    );
  });

  it('shares nothing with the one it was made from', () => {
    const curve = new Curve(WINDOW_MS, START_MS);
    feed(curve, [{ gapMs: 1, usageBytes: MIB, activeJobs: null }]);
    const before = written(curve);
    const restored = Curve.restore(JSON.parse(before));
    if (restored !== null) feed(restored, [{ gapMs: 5, usageBytes: 9 * MIB, activeJobs: null }]);
    expect(written(curve)).toBe(before);
  });

  it('grows until its rings are full: as large after three weeks as after one, and below 3 KB', () => {
    const hour = Array.from({ length: 60 }, (_, index) => ({
      gapMs: 60_000,
      usageBytes: (150 + (index % 7)) * MIB,
      activeJobs: index % 2,
    }));
    const curve = new Curve(WINDOW_MS, START_MS);
    let atMs = START_MS;
    const lengthAfter = new Map<number, number>();
    for (let hours = 1; hours <= 21 * 24; hours += 1) {
      atMs = feed(curve, hour, atMs);
      lengthAfter.set(hours, written(curve).length);
    }
    expect(lengthAfter.get(1)).toBeLessThan(1400);
    expect(written(curve).length).toBeLessThan((lengthAfter.get(7 * 24) ?? 0) + 30);
    expect(written(curve).length).toBeLessThan(3072);
    expect(curve.closedBuckets).toBe(21 * 24 * 12 - 1);
  });
});

describe('a damaged snapshot of a curve', () => {
  const state = () => {
    const curve = new Curve(WINDOW_MS, START_MS);
    feed(
      curve,
      Array.from({ length: 100 }, () => ({ gapMs: 20_000, usageBytes: 150 * MIB, activeJobs: 0 })),
    );
    return JSON.parse(written(curve)) as Parameters<typeof Curve.restore>[0];
  };

  it.each(['fine', 'coarse', 'wide'] as const)('is refused where its %s ring is', (ring) => {
    expect(Curve.restore(state())).not.toBeNull();
    for (const damaged of [null, 'nonsense', {}, { pushed: 1, values: 'AAAA' }])
      expect(Curve.restore({ ...state(), [ring]: damaged })).toBeNull();
  });

  it('whatever the bytes of a ring: it is refused, or goes on without a fault', () => {
    const { pushed, values } = state().fine as { pushed: number; values: string };
    const { length } = Buffer.from(values, 'base64');
    const place = fc.tuple(fc.nat(length / 4 - 1), fc.oneof(fc.float(), fc.constantFrom(0, 0.5, 2 ** 24, 2 ** 53)));
    fc.assert(
      fc.property(fc.array(place, { maxLength: 40 }), arbitrarySamples, (places, samples) => {
        const bytes = Buffer.from(values, 'base64');
        for (const [at, value] of places) bytes.writeFloatLE(value, 4 * at);
        const curve = Curve.restore({ ...state(), fine: { pushed, values: bytes.toString('base64') } });
        if (curve === null) return;
        feed(curve, samples, START_MS + 100 * 20_000);
        expect(curve.fine().length).toBeLessThanOrEqual(32);
        featuresSeen(curve);
      }),
      { numRuns: 200 },
    );
  });
});
