import { describe, expect, it } from 'vitest';
import { JobTotals, jobLimitsFor } from '../../src/job-totals/job-totals.ts';
import { GROWTH_BOUNDS, type GrowthCounts, type JobFigure, type JobPoint } from '../../src/model/job-point.ts';
import { targetsOf } from './targets-of.ts';

const START_MS = 1_700_000_000_000;
const NOW_MS = START_MS + 60_000;
const MB = 1024 ** 2;
const BOOT = {
  app: 'shop',
  dyno: 'worker.1',
  processType: 'worker',
  bootId: 'boot-1',
  bootIdSource: 'platform' as const,
  startTimeMs: null,
  release: null,
};
const SENDER = { id: 'a-token', speaksForAll: false };

let series = 0;

function point(figure: JobFigure, name: string, value: number, growth: GrowthCounts | null = null): JobPoint {
  series += 1;
  const labels = () => ({ queue: 'imports', name, known: 'exclusive' as const });
  const sums = { startMs: START_MS, isDelta: false };
  return { figure, seriesId: series, timeMs: START_MS + 50_000, ...sums, value, growth, labels };
}

function totalsOf(...byProcess: readonly (readonly JobPoint[])[]): JobTotals {
  const totals = new JobTotals(jobLimitsFor(2 ** 30));
  for (const [at, points] of byProcess.entries())
    totals.take({ boot: BOOT, processId: `process-${at}` }, points, { nowMs: NOW_MS, sender: SENDER });
  return totals;
}

/** What a reader sees of the text. */
function readBack(json: string | null): JobTotals {
  const totals = new JobTotals(jobLimitsFor(2 ** 30));
  totals.restore(BOOT, json ?? '', NOW_MS);
  return totals;
}

/** Growth of three runs: two below the first bound, one below the second. */
const GROWTH: GrowthCounts = {
  bounds: GROWTH_BOUNDS,
  counts: [2, 1, ...new Array<number>(GROWTH_BOUNDS.length - 1).fill(0)],
  sum: 300_000,
  max: 200_000,
};

describe('what jobs did in a boot, saved and read by another process', () => {
  it('is what the actuator shows: names, runs, growth, idle growth and what runs now, all processes together', () => {
    const ofOne = [
      point('net', 'import', 300 * MB),
      point('runs', 'import', 12),
      point('growth', 'import', 0, GROWTH),
      point('net', '_idle', -5 * MB),
      point('active', '', 2),
      point('held', '', 7 * MB),
    ];
    const totals = totalsOf(ofOne, [point('net', 'import', 80 * MB), point('runs', 'import', 3)]);
    const copy = readBack(totals.save(BOOT));
    expect(targetsOf(copy, NOW_MS)).toEqual(targetsOf(totals, NOW_MS));
    expect(targetsOf(copy, NOW_MS)[0]?.jobs[0]).toMatchObject({ name: 'import', netBytes: 380 * MB, runs: 15 });
    expect(copy.suspects(BOOT, 3)).toEqual(totals.suspects(BOOT, 3));
  });

  it('keeps a median unknown where a histogram came without buckets', () => {
    const growth = { bounds: [], counts: [4], sum: 100, max: null };
    const totals = totalsOf([point('runs', 'import', 4), point('growth', 'import', 0, growth)]);
    expect(targetsOf(readBack(totals.save(BOOT)), NOW_MS)).toEqual(targetsOf(totals, NOW_MS));
  });

  it('has at most 8 KiB of names, those that grew most, and counts the others', () => {
    const names = Array.from({ length: 150 }, (_, at) => `job-${'x'.repeat(100)}-${at}`);
    const totals = totalsOf(names.flatMap((name, at) => [point('net', name, at * MB), point('runs', name, 1)]));
    const json = totals.save(BOOT) ?? '';
    expect(json.length).toBeLessThan(9 * 1024);
    const [target] = targetsOf(readBack(json), NOW_MS);
    const kept = target?.jobs.length ?? 0;
    expect(kept).toBeGreaterThan(10);
    expect(target?.jobs.map(({ name }) => name)).toEqual(names.toReversed().slice(0, kept));
    expect(target?.namesLeftOut).toBe(names.length - kept);
  });

  it('is nothing for a boot that measured no jobs', () => {
    expect(totalsOf().save(BOOT)).toBeNull();
  });

  it.each([
    ['no JSON', 'nonsense'],
    ['something else', '[1,2,3]'],
    ['null', 'null'],
    ['too long', `{"startMs":1,"leftOut":0,"series":[],"more":"${'x'.repeat(20_000)}"}`],
    ['from the future', saved({ timeMs: NOW_MS + 1 })],
    ['an unknown figure', saved({ figure: 'guess' })],
    ['a name that is none', saved({ name: 7 })],
    ['a value that is none', saved({ value: '12' })],
    ['an endless value', saved({ value: 1e300 })],
    ['counts that do not fit', saved({ figure: 'growth', growth: { counts: [1, 2], sum: 3, max: null } })],
  ])('is ignored where the text is %s', (_, json) => {
    expect(targetsOf(readBack(json), NOW_MS)).toEqual([]);
  });

  it('is read where the text is whole', () => {
    expect(targetsOf(readBack(saved({})), NOW_MS)).toHaveLength(1);
  });
});

function saved(over: Readonly<Record<string, unknown>>): string {
  const whole = { figure: 'net', queue: 'q', name: 'n', known: 'exclusive', timeMs: START_MS, value: 1, growth: null };
  return JSON.stringify({ startMs: START_MS, leftOut: 0, series: [{ ...whole, ...over }] });
}
