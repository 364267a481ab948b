import { describe, expect, it } from 'vitest';
import { Random } from '../../evaluation/random.ts';
import { stillHolds } from '../../src/actuator/restart/revalidate-decision.ts';
import { defaultPolicy } from '../../src/config/policy.ts';
import { type ClosedRestart, earlyRestarts } from '../../src/decision/quick-restarts.ts';
import { type Boot, observe, openBoot } from '../../src/detector/boot/boot.ts';
import { assess } from '../../src/detector/rules/assess.ts';
import type { DynoFacts } from '../../src/detector/rules/assessment.ts';
import type { Policy } from '../../src/model/policy.ts';
import { WHOLE_POINT } from '../sources/otlp/senders/requests.ts';

const MIB = 2 ** 20;
const HOUR_MS = 3_600_000;
const START_MS = 1_700_000_000_000;
const POLICY = { ...defaultPolicy(), dynoCycleMs: null };
const FACTS: DynoFacts = { limitBytes: 512 * MIB, killBytes: 1024 * MIB, createdAtMs: START_MS };

interface Samples {
  readonly fromS?: number;
  readonly toS: number;
  readonly everyS?: number;
  readonly usageMb: (second: number) => number;
  readonly jobs?: number;
  readonly limitMb?: number;
}

function fed(boot: Boot | null, { fromS = 0, toS, everyS = 12, usageMb, jobs = 1, limitMb = 512 }: Samples): Boot {
  let fedBoot = boot;
  for (let second = fromS; second < toS; second += everyS) {
    const point = {
      ...WHOLE_POINT,
      boot: { ...WHOLE_POINT.boot, startTimeMs: START_MS },
      timeMs: START_MS + second * 1000,
      rssBytes: Math.round(usageMb(second) * MIB),
      treeResidentBytes: null,
      treeSwapBytes: null,
      limitBytes: limitMb * MIB,
      activeJobs: jobs,
      completedJobs: second,
      oldestJobStartMs: START_MS + second * 1000 - 2000,
    };
    fedBoot = observe(fedBoot ?? openBoot(point), point, POLICY);
  }
  if (fedBoot === null) throw new Error('no sample was given');
  return fedBoot;
}

/** From half an hour on 5 MB a minute, up to `topMb`. */
const filling = (topMb: number) => (second: number) => Math.min(topMb, 150 + Math.max(0, second - 1800) / 12);

function contextOf(
  boot: Boot,
  hoursAgo: readonly number[],
  { by = 'policy', uselessRestarts = 0 }: { by?: ClosedRestart['by']; uselessRestarts?: number } = {},
) {
  const history = hoursAgo.map((hours): ClosedRestart => {
    const closedAtMs = boot.lastPointMs - hours * HOUR_MS;
    return { dyno: 'worker.1', outcome: 'restarted', closedAtMs, by };
  });
  return {
    nowMs: boot.lastPointMs,
    facts: FACTS,
    learnedFloorBytes: 150 * MIB,
    uselessRestarts,
    earlyRestarts: earlyRestarts(
      { history, nowMs: boot.lastPointMs, uselessRestarts, windowMs: POLICY.windowMs },
      'worker.1',
    ),
  };
}

describe('after two restarts of a dyno within hours', () => {
  it('a boot that fills up as fast waits', () => {
    const boot = fed(null, { toS: 3 * 3600, usageMb: filling(480) });
    expect(assess(boot, contextOf(boot, [3, 5]), POLICY)).toMatchObject({
      action: 'advise',
      reason: 'memory-comes-back',
    });
  });

  it('a boot does not where one within the last week has waited', () => {
    const boot = fed(null, { toS: 3 * 3600, usageMb: filling(480) });
    expect(assess(boot, contextOf(boot, [3, 5, 7, 9]), POLICY).action).toBe('restart');
  });

  it('one that is full by a single measurement waits on: that may be noise', () => {
    const boot = fed(null, { toS: 3 * 3600, usageMb: filling(480) });
    fed(boot, { fromS: 3 * 3600, toS: 3 * 3600 + 12, usageMb: () => 520 });
    expect(assess(boot, contextOf(boot, [3, 5]), POLICY).reason).toBe('memory-comes-back');
  });

  it('a cache of 94 % of the quota that looks full now and then, by noise, waits on', () => {
    const isRestarted = Array.from({ length: 60 }, (_, seed) => {
      const random = new Random(seed);
      const noisy = (second: number) => Math.min(481, 150 + second / 10) * (1 + 0.044 * random.normal());
      const toS = Array.from({ length: 180 }, (_minute, index) => 60 * (index + 1));
      let boot: Boot | null = null;
      return toS.some((second) => {
        boot = fed(boot, { fromS: second - 60, toS: second, everyS: 60, usageMb: noisy });
        return assess(boot, contextOf(boot, [3, 5]), POLICY).action === 'restart';
      });
    });
    // 12 of them, where the noise of the floor is not taken off.
    expect(isRestarted.filter(Boolean).length).toBeLessThanOrEqual(1);
  });

  it('and waits on where single measurements of a full cache are that high now and then', () => {
    const boot = fed(null, { toS: 2.5 * 3600, usageMb: filling(480) });
    for (let second = 2.5 * 3600; second < 3 * 3600; second += 12) {
      const isHigh = second % 60 === 0;
      fed(boot, { fromS: second, toS: second + 12, usageMb: () => (isHigh ? 520 : 480) });
      expect(assess(boot, contextOf(boot, [3, 5]), POLICY).action).toBe('advise');
    }
  });

  it('a boot that took days to fill up does not', () => {
    const boot = fed(null, { toS: 6 * 86_400, usageMb: (second) => (second < 5.9 * 86_400 ? 150 : 480) });
    expect(assess(boot, contextOf(boot, [144, 146]), POLICY).action).toBe('restart');
  });

  it('one that has a bigger quota now, and took hours, does not', () => {
    const usageMb = (second: number) => Math.min(960, 150 + Math.max(0, second - 1800) / 60);
    const boot = fed(null, { toS: 20 * 3600, usageMb, limitMb: 1024 });
    const facts = { limitBytes: 1024 * MIB, killBytes: 2048 * MIB, createdAtMs: START_MS };
    expect(assess(boot, { ...contextOf(boot, [20, 22]), facts }, POLICY).action).toBe('restart');
  });

  it('one does not when a person sent them', () => {
    const boot = fed(null, { toS: 3 * 3600, usageMb: filling(480) });
    expect(assess(boot, contextOf(boot, [3, 3.1], { by: 'person' }), POLICY).action).toBe('restart');
  });

  it('one does not when the platform kills at the quota', () => {
    const boot = fed(null, { toS: 3 * 3600, usageMb: filling(500) });
    const facts = { ...FACTS, killBytes: 512 * MIB };
    expect(assess(boot, { ...contextOf(boot, [3, 5]), facts }, POLICY).action).toBe('restart');
  });

  it.each<[string, Partial<Policy>, string]>([
    ['the quota', {}, '502 MB'],
    ['a lower hard limit', { hardLimit: { kind: 'fraction', fraction: 0.9 } }, '461 MB'],
    ['a lower absolute limit', { maxRssBytes: 450 * MIB }, '450 MB'],
  ])('the advice says until when it waits, by %s', (_, changes, until) => {
    const boot = fed(null, { toS: 3 * 3600, usageMb: filling(445) });
    const { explanation } = assess(boot, contextOf(boot, [3, 5]), { ...POLICY, ...changes });
    expect(explanation).toContain(`waits until usage stays at ${until}`);
  });

  describe('and one that waited until the dyno was full', () => {
    const young = () => fed(null, { toS: 39 * 60, usageMb: (second) => 150 + Math.max(0, second - 300) / 6 });
    const leaking = [1, 2, 3];

    it('a young boot that rises like those is restarted before it is full too', () => {
      expect(assess(young(), contextOf(young(), []), POLICY).reason).toBe('leak-far-from-limit');
      expect(assess(young(), contextOf(young(), leaking), POLICY).reason).toBe('leak-near-limit');
    });

    it('the restart of a young boot still holds after its drain', () => {
      const entry = { boot: young(), listing: null, ...contextOf(young(), []) };
      const attempt = { target: { app: 'shop', processType: 'worker' }, usageBytes: 500 * MIB };
      const parts = { registry: { find: () => entry }, clock: { now: () => entry.boot.lastPointMs }, policy: POLICY };
      expect(stillHolds(attempt as never, parts as never)).toBe(true);
    });
  });

  it('a restart claimed at the quota still holds after its drain has taken away what jobs held', () => {
    const boot = fed(null, { toS: 3 * 3600, usageMb: filling(506) });
    const claimed = assess(boot, contextOf(boot, [3, 5]), POLICY);
    expect(claimed.action).toBe('restart');
    fed(boot, { fromS: 3 * 3600, toS: 3 * 3600 + 60, usageMb: () => 496, jobs: 0 });
    const entry = { boot, listing: null, ...contextOf(boot, [3, 5]) };
    const attempt = { target: { app: 'shop', processType: 'worker' }, usageBytes: claimed.usageBytes };
    const parts = { registry: { find: () => entry }, clock: { now: () => boot.lastPointMs }, policy: POLICY };
    expect(stillHolds(attempt as never, parts as never)).toBe(true);
  });
});

describe('after a useless restart', () => {
  it('an early one waits where memory is back within hours', () => {
    const boot = fed(null, { toS: 3 * 3600, usageMb: filling(480) });
    expect(assess(boot, contextOf(boot, []), POLICY).action).toBe('restart');
    expect(assess(boot, contextOf(boot, [], { uselessRestarts: 1 }), POLICY).reason).toBe('memory-comes-back');
  });

  it('it does not where this boot took longer', () => {
    const usageMb = (second: number) => Math.min(480, 150 + Math.max(0, second - 1800) / 60);
    const boot = fed(null, { toS: 10 * 3600, usageMb });
    expect(assess(boot, contextOf(boot, [], { uselessRestarts: 1 }), POLICY).action).toBe('restart');
  });
});
