import { describe, expect, it } from 'vitest';
import { defaultPolicy } from '../../src/config/policy.ts';
import type { Decision } from '../../src/model/decision.ts';
import { replay } from '../../src/replay/replay.ts';
import { readSeries } from '../../src/replay/series-file.ts';
import { csvOf, curveOf, FAMILIES, type Family, MIB, QUOTA_MB, type Sampling } from './curves.ts';

const SAMPLINGS: readonly Omit<Sampling, 'seed'>[] = [
  { everyS: 10, noise: 0.01 },
  { everyS: 20, noise: 0.02 },
  { everyS: 60, noise: 0.005 },
];
const SEEDS = [1, 2];

interface Run {
  readonly decisions: readonly Decision[];
  readonly restartsMs: readonly number[];
  readonly finalClass: string;
  readonly startMs: number;
}

function run(family: Family, sampling: Sampling): Run {
  const points = curveOf(FAMILIES[family], sampling);
  const decisions: Decision[] = [];
  const rows = readSeries(csvOf(points), 'series.csv');
  const { restartsMs, finalClass } = replay(rows, { policy: defaultPolicy(), quotaBytes: QUOTA_MB * MIB }, (decision) =>
    decisions.push(decision),
  );
  return { decisions, restartsMs, finalClass, startMs: points[0]?.timeMs ?? 0 };
}

function everyRun(family: Family): readonly Run[] {
  return SAMPLINGS.flatMap((sampling) => SEEDS.map((seed) => run(family, { ...sampling, seed })));
}

const MINUTE_MS = 60_000;

describe('what a restart would not help is left alone, at any sampling and noise', () => {
  const families: readonly Family[] = [
    'flat',
    'high and flat',
    'high and flat after a start of ten minutes',
    'job spikes',
    'saw-tooth',
    'saw-tooth over the soft limit',
    'warm-up, then flat',
    'daily load',
    'one huge job',
    'stairs to a low plateau',
  ];
  it.each(families)('%s', (family) => {
    expect(everyRun(family).map(({ restartsMs }) => restartsMs.length)).toEqual(
      SAMPLINGS.flatMap(() => SEEDS.map(() => 0)),
    );
  });
});

describe('saw-teeth over the soft limit, in noise that hides them', () => {
  it.each([2, 8, 9, 18, 21, 24, 27, 37])('are left alone (seed %i)', (seed) => {
    expect(run('saw-tooth over the soft limit', { everyS: 20, noise: 0.04, seed }).restartsMs).toEqual([]);
  });
});

describe('bloat', () => {
  it('is restarted once its floor has stayed over the soft limit, not before', () => {
    const plateauMs = 5 * 25 * MINUTE_MS;
    for (const { restartsMs, startMs, decisions } of everyRun('stairs to a high plateau')) {
      const firstMs = (restartsMs[0] ?? Number.POSITIVE_INFINITY) - startMs;
      expect(firstMs).toBeGreaterThan(100 * MINUTE_MS);
      // Where noise makes a line of the stairs, it takes until the line has ended.
      expect(firstMs).toBeLessThan(plateauMs + 55 * MINUTE_MS);
      // With a sample a minute a bucket is five, and stairs of 25 minutes look like a line: whatever the name, the
      // restart is the same.
      expect(['bloat', 'leak', 'unknown']).toContain(decisions.find(({ action }) => action === 'restart')?.class);
    }
  });

  it('is called bloat on a low plateau too, and left there', () => {
    const classes = everyRun('stairs to a low plateau').map(({ finalClass }) => finalClass);
    expect(classes.filter((name) => name === 'bloat').length).toBeGreaterThanOrEqual(0.9 * classes.length);
  });
});

describe('a leak', () => {
  it.each([
    ['leak of two hours', 120],
    ['leak of ten hours', 600],
  ] as const)('is restarted before it reaches the limit: %s', (family, minutes) => {
    for (const { restartsMs, startMs } of everyRun(family)) {
      const crossingMs = (minutes * (QUOTA_MB - 120) * MINUTE_MS) / 400;
      const firstMs = (restartsMs[0] ?? Number.POSITIVE_INFINITY) - startMs;
      expect(firstMs).toBeLessThan(crossingMs);
      expect(firstMs).toBeGreaterThan(0.5 * crossingMs);
    }
  });
});

describe('a leak beneath saw-teeth', () => {
  it('is restarted before what stays beneath them is at the limit', () => {
    for (const { restartsMs, startMs } of everyRun('leak beneath saw-teeth')) {
      const crossingMs = (300 * (QUOTA_MB - 150) * MINUTE_MS) / 350;
      const firstMs = (restartsMs[0] ?? Number.POSITIVE_INFINITY) - startMs;
      expect(firstMs).toBeGreaterThan(0.4 * crossingMs);
      expect(firstMs).toBeLessThan(crossingMs);
    }
  });
});

describe('a high working set', () => {
  it('draws advice where nothing is known that a restart would give back', () => {
    const { decisions } = run('high and flat', { everyS: 10, noise: 0.01, seed: 7 });
    expect(decisions.at(-1)).toMatchObject({ action: 'advise', reason: 'working-set' });
    expect(decisions.at(-1)?.explanation).toContain('bigger dyno');
  });
});
