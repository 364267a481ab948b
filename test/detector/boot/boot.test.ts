import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { defaultPolicy } from '../../../src/config/policy.ts';
import { type Boot, observe, openBoot, postWarmupFloor } from '../../../src/detector/boot/boot.ts';
import { restoreBoot } from '../../../src/detector/boot/restored-boot.ts';
import type { Point } from '../../../src/model/point.ts';
import { MIB } from '../curves.ts';

const policy = defaultPolicy(1000);

function point(changes: Partial<Point> = {}): Point {
  return {
    boot: {
      app: 'shop',
      dyno: 'worker.1',
      processType: 'worker',
      bootId: 'b1',
      bootIdSource: 'platform',
      startTimeMs: 0,
      release: 'v1',
    },
    processId: 'p1',
    processRole: 'main',
    tuning: null,
    timeMs: 0,
    rssBytes: 100 * MIB,
    treeResidentBytes: null,
    treeSwapBytes: null,
    limitBytes: null,
    heapUsedBytes: null,
    externalBytes: null,
    activeJobs: null,
    completedJobs: null,
    ...changes,
  };
}

function fold(points: readonly Point[], from?: Boot): Boot {
  const [first] = points;
  if (first === undefined) throw new Error('no points');
  return points.reduce((boot, one) => observe(boot, one, policy), from ?? openBoot(first));
}

describe('usage of a boot', () => {
  it('is the sum over its processes where none reports a tree', () => {
    const boot = fold([point({ rssBytes: 100 }), point({ processId: 'p2', timeMs: 1, rssBytes: 30 })]);
    expect(boot.usageBytes).toBe(130);
  });

  it('is resident and swap of its trees where one reports them, whatever the processes say', () => {
    const tree = point({ treeResidentBytes: 200, treeSwapBytes: 50, rssBytes: 100 });
    expect(fold([tree, point({ processId: 'p2', processRole: 'sandbox', timeMs: 1, rssBytes: 90 })]).usageBytes).toBe(
      250,
    );
  });

  it('forgets a process that has ended', () => {
    const boot = fold([
      point({ processId: 'gone', rssBytes: 70 }),
      point({ rssBytes: 100, timeMs: 1 }),
      point({ rssBytes: 100, timeMs: 10_000 }),
    ]);
    expect(boot.usageBytes).toBe(100);
  });

  it('is not moved by a point that is not later than the newest of its process', () => {
    const boot = fold([point({ timeMs: 10, rssBytes: 100 })]);
    expect(observe(boot, point({ timeMs: 10, rssBytes: 900 }), policy)).toBe(boot);
    expect(observe(boot, point({ timeMs: 9, rssBytes: 900 }), policy)).toBe(boot);
  });
});

describe('the oldest running job of a boot', () => {
  const at = (timeMs: number, processId: string, activeJobs: number, oldestJobStartMs: number | null) =>
    point({ timeMs, processId, activeJobs, oldestJobStartMs });

  it.each<[string, readonly Point[], number | null]>([
    ['is the oldest of its processes', [at(5000, 'p1', 1, 4000), at(5001, 'p2', 2, 1000)], 1000],
    ['is none of a process that runs none now', [at(1000, 'p1', 0, 1000), at(5000, 'p2', 1, 4000)], 4000],
    ['is the next one where it has ended', [at(5000, 'p1', 2, 1000), at(6000, 'p1', 1, 4500)], 4500],
    ['is one of those that report it', [at(5000, 'p1', 1, null), at(5001, 'p2', 1, 3000)], 3000],
    ['is unknown where none reports it', [at(5000, 'p1', 1, null)], null],
    ['is unknown where none runs', [at(5000, 'p1', 0, 5000)], null],
    ['began when it did while its process is blocked', [at(5000, 'p1', 1, 2000), at(8000, 'p2', 1, 7000)], 2000],
  ])('%s', (_, points, expected) => {
    expect(fold(points).oldestJobStartMs).toBe(expected);
  });
});

describe('the quota of a boot', () => {
  it('is the newest that a point reports, and a zero quota is ignored', () => {
    const limits = [null, 0, 512, null, 0, 1024, 0].map((limitBytes, timeMs) => ({ limitBytes, timeMs }));
    const boot = openBoot(point());
    expect(limits.map((changes) => observe(boot, point(changes), policy).limitBytes)).toEqual([
      null,
      null,
      512,
      512,
      512,
      1024,
      1024,
    ]);
  });
});

describe('the floor after the warm-up', () => {
  const grown = (usageMb: (second: number) => number, seconds: number, startTimeMs: number | null | null = 0) =>
    fold(
      Array.from({ length: seconds * 5 }, (_, index) =>
        point({
          boot: { ...point().boot, startTimeMs },
          timeMs: 1_000_000 + index * 200,
          rssBytes: Math.round(usageMb(index / 5) * MIB),
        }),
      ),
    );

  it('is where the memory first stays level', () => {
    const boot = grown((second) => Math.min(300, 100 + second * 20), 30, 1_000_000);
    expect(Math.round((postWarmupFloor(boot, policy) ?? 0) / MIB)).toBe(300);
  });

  it('is one of the first ten floors where memory grows from the start on and never is level', () => {
    const boot = grown((second) => 100 + second * 20, 45, 1_000_000);
    const floorMb = (postWarmupFloor(boot, policy) ?? 0) / MIB;
    expect(floorMb).toBeGreaterThan(100);
    expect(floorMb).toBeLessThan(100 + 10 * 20);
  });

  it('is unknown for a boot that was old when it was first seen', () => {
    expect(
      postWarmupFloor(
        grown(() => 400, 30, 0),
        policy,
      ),
    ).toBeNull();
  });

  it('is unknown too where only the platform says that the boot was old', () => {
    const boot = grown(() => 400, 30, null);
    expect(postWarmupFloor(boot, policy, 0)).toBeNull();
    expect(postWarmupFloor(boot, policy, 1_000_000)).not.toBeNull();
  });
});

describe('a window that a setting changes', () => {
  const secondly = (from: number, to: number, usageMb: number) =>
    Array.from({ length: (to - from) * 5 }, (_, index) =>
      point({
        boot: { ...point().boot, startTimeMs: 1_000_000 },
        timeMs: 1_000_000 + from * 1000 + index * 200,
        rssBytes: usageMb * MIB,
      }),
    );

  it('begins a new curve, which shows no floor after a warm-up', () => {
    const before = fold(secondly(0, 60, 150));
    const longer = defaultPolicy(2000);
    const after = secondly(60, 180, 480).reduce((boot, one) => observe(boot, one, longer), before);
    expect(after.curve?.windowMs).toBe(2000);
    expect(after.curve?.warm).not.toBeNull();
    expect(postWarmupFloor(after, longer)).toBeNull();
  });
});

describe('a boot as a value', () => {
  const arbitraryPoint = fc.record({
    processId: fc.constantFrom('p1', 'p2', 'p3'),
    gapMs: fc.integer({ min: 0, max: 5000 }),
    rssBytes: fc.option(fc.integer({ min: 0, max: 2 ** 40 })),
    treeResidentBytes: fc.option(fc.integer({ min: 0, max: 2 ** 40 })),
    limitBytes: fc.option(fc.integer({ min: 1, max: 2 ** 40 })),
    activeJobs: fc.option(fc.integer({ min: 0, max: 50 })),
  });

  it('goes on from its snapshot as if nothing had happened, stays small, and takes any point', () => {
    fc.assert(
      fc.property(fc.array(arbitraryPoint, { minLength: 2, maxLength: 300 }), fc.nat(), (steps, cut) => {
        let timeMs = 0;
        const points = steps.map(({ gapMs, ...values }) => {
          timeMs += gapMs;
          return point({ ...values, timeMs });
        });
        const at = 1 + (cut % (points.length - 1));
        const half = fold(points.slice(0, at));
        const snapshot = JSON.stringify(half);
        const restored = restoreBoot(JSON.parse(snapshot));
        expect(restored).not.toBeNull();
        if (restored === null) return;
        expect(fold(points.slice(at), restored)).toEqual(fold(points.slice(at), half));
        expect(snapshot.length).toBeLessThan(20_000);
      }),
      { numRuns: 60 },
    );
  });

  it.each([undefined, null, {}, { version: 99 }, { version: 4 }, 'nonsense'])('is not made from %j', (value) => {
    expect(restoreBoot(value)).toBeNull();
  });
});
