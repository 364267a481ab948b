import { describe, expect, it } from 'vitest';
import { BASELINES, candidateFor } from '../../evaluation/candidates.ts';
import type { Sample } from '../../evaluation/restarter.ts';
import { SETTINGS_EACH } from '../../evaluation/restarters/rule.ts';

/** RSS as a share of the quota, a sample each 30 s, a job done with each. */
function samplesOf(shares: readonly number[], garbage: (index: number) => number = () => 0): readonly Sample[] {
  const limitBytes = 1024 ** 3;
  return shares.map((share, index) => ({
    timeMs: index * 30_000,
    bootId: 'boot',
    bootStartMs: 0,
    rssBytes: share * limitBytes,
    swapBytes: 0,
    garbageBytes: garbage(index) * limitBytes,
    limitBytes,
    killBytes: 2 * limitBytes,
    activeJobs: 0,
    completedJobs: index + 1,
  }));
}

/** The index of the sample at which the rule restarts; null where it does not. */
function restartsAt(
  name: string,
  setting: Readonly<Record<string, number>>,
  samples: readonly Sample[],
): number | null {
  const baseline = BASELINES.find((other) => other.name === name);
  const index = baseline?.settings.findIndex((other) => JSON.stringify(other) === JSON.stringify(setting)) ?? -1;
  expect(index, `${name} has no setting ${JSON.stringify(setting)}`).toBeGreaterThanOrEqual(0);
  const restarter = candidateFor({ name, setting: index }).start();
  const at = samples.findIndex((sample) => restarter.observe(sample));
  return at === -1 ? null : at;
}

const flat = (share: number, count: number) => Array.from({ length: count }, () => share);
const line = (from: number, to: number, count: number) =>
  Array.from({ length: count }, (_, index) => from + ((to - from) * index) / (count - 1));

describe('rules of other tools', () => {
  it('each has the same number of settings to choose from', () => {
    for (const { settings } of BASELINES) expect(settings).toHaveLength(SETTINGS_EACH);
    expect(BASELINES).toHaveLength(13);
  });

  const spike = [...flat(0.5, 10), 0.95, ...flat(0.5, 30)];
  const plateau = [...flat(0.5, 10), ...flat(0.95, 60)];

  it.each<[string, Readonly<Record<string, number>>, readonly number[], number | null]>([
    ['MemoryKiller', { limit: 0.9, graceMs: 120_000 }, spike, 14],
    ['MemoryKiller', { limit: 1, graceMs: 120_000 }, spike, null],
    ['GitLab Watchdog', { soft: 0.9, hard: 2, graceMs: 300_000 }, spike, null],
    ['GitLab Watchdog', { soft: 0.9, hard: 2, graceMs: 300_000 }, plateau, 21],
    ['GitLab Watchdog', { soft: 0.8, hard: 1, graceMs: 900_000 }, [0.5, 1.01], 1],
    ['sidekiq-worker-killer', { limit: 0.9 }, plateau, 10],
    ['PM2', { limit: 0.9 }, spike, 10],
    ['Celery', { limit: 0.9 }, spike, 10],
    ['socketry', { increases: 5, limit: 1000 }, line(0.5, 0.6, 41), 20],
    ['socketry', { increases: 5, limit: 1000 }, plateau, null],
    ['memwatch', { everyMin: 1, inARow: 5 }, line(0.5, 0.6, 41), 10],
    ['memwatch', { everyMin: 1, inARow: 5 }, spike, null],
    ['predict_linear', { windowMin: 60, horizonMin: 60, forMin: 0 }, line(0.2, 0.6, 121), null],
    ['predict_linear', { windowMin: 60, horizonMin: 240, forMin: 0 }, line(0.2, 0.6, 121), 120],
    ['linear regression, R2', { windowMin: 60, r2: 0.9, growth: 0.05 }, flat(0.5, 300), null],
    ['Coroot', { perHour: 0.1, tail: 0.3 }, flat(0.5, 300), null],
    ['screenpipe', { perHour: 0.02, r2: 0.8, level: 0.6 }, flat(0.7, 600), null],
    ['Precog', { exitMin: 1440, r2: 0.8, spanMin: 120 }, flat(0.7, 600), null],
  ])('%s with %j', (name, setting, shares, at) => {
    expect(restartsAt(name, setting, samplesOf(shares))).toBe(at);
  });

  it.each<[string, Readonly<Record<string, number>>]>([
    ['linear regression, R2', { windowMin: 60, r2: 0.9, growth: 0.05 }],
    ['Coroot', { perHour: 0.1, tail: 0.3 }],
    ['screenpipe', { perHour: 0.02, r2: 0.8, level: 0.6 }],
    ['Precog', { exitMin: 1440, r2: 0.8, spanMin: 120 }],
  ])('%s with %j sees a straight leak', (name, setting) => {
    expect(restartsAt(name, setting, samplesOf(line(0.2, 0.95, 600)))).toBeGreaterThan(0);
  });

  it('sidekiq-worker-killer collects garbage before it judges', () => {
    const samples = samplesOf(flat(0.95, 10), () => 0.2);
    expect(restartsAt('sidekiq-worker-killer', { limit: 0.9 }, samples)).toBeNull();
  });

  describe('the plain sustained rule', () => {
    const setting = { soft: 0.8, forMin: 5 };
    /**
     * Ends of boots at which it restarts, of boots of two hours; each is low for the given minutes and then high.
     */
    function restartsOf(lowMinutes: readonly number[], high = 0.95): readonly boolean[] {
      const index = BASELINES.find(({ name }) => name === 'sustained')?.settings.findIndex(
        (other) => JSON.stringify(other) === JSON.stringify(setting),
      );
      const restarter = candidateFor({ name: 'sustained', setting: index ?? -1 }).start();
      let clockMs = 0;
      return lowMinutes.map((low, boot) => {
        const bootStartMs = clockMs;
        clockMs += 2 * 3_600_000;
        return samplesOf([...flat(0.4, 2 * low), ...flat(high, 240 - 2 * low)])
          .map((sample) => ({
            ...sample,
            timeMs: sample.timeMs + bootStartMs,
            bootId: `boot-${boot}`,
            bootStartMs,
          }))
          .some((sample) => restarter.observe(sample));
      });
    }

    it('restarts where usage stays over the soft limit and a fresh boot holds a tenth of the quota less', () => {
      expect(restartsOf([90])).toEqual([true]);
    });

    it('leaves usage that a fresh boot would hold too', () => {
      expect(restartsOf([0])).toEqual([false]);
    });

    it('stops for a day after two restarts in a row after which usage was soon as high again', () => {
      expect(restartsOf([90, 45, 45, 90])).toEqual([true, true, false, false]);
    });

    it('goes on where a restart was good for hours', () => {
      expect(restartsOf([90, 90, 90, 90])).toEqual([true, true, true, true]);
    });
  });

  it('a new boot starts a rule afresh', () => {
    const restarter = candidateFor({ name: 'socketry', setting: 0 }).start();
    const samples = samplesOf(line(0.5, 0.54, 17)).map((sample, index) => ({ ...sample, bootId: `boot-${index}` }));
    expect(samples.some((sample) => restarter.observe(sample))).toBe(false);
  });
});
