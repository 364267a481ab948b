import { describe, expect, it } from 'vitest';
import { UsageSeries } from '../../../src/actuator/chronicle/usage-series.ts';

const SPACING_MS = 30_000;
const DAY_MS = 86_400_000;
const START_MS = 1_700_000_000_000;

function lifeOf(spanMs: number, everyMs = 10_000): UsageSeries {
  const series = new UsageSeries(SPACING_MS);
  for (let offsetMs = 0; offsetMs <= spanMs; offsetMs += everyMs) {
    series.add({ timeMs: START_MS + offsetMs, usageBytes: 1000 + offsetMs / 1000, activeJobs: offsetMs % 3 });
  }
  return series;
}

describe('the series of a boot', () => {
  it('keeps every sample of a young boot that is the spacing apart from the one before', () => {
    const entries = lifeOf(10 * 60_000).entries();
    expect(entries.map(({ timeMs }) => timeMs - START_MS)).toEqual(
      Array.from({ length: 21 }, (_, index) => index * SPACING_MS),
    );
  });

  it('shows two days from the first hour on, in at most 240 samples, the newest hour closely', () => {
    const entries = lifeOf(2 * DAY_MS).entries();
    expect(entries.length).toBeLessThanOrEqual(240);
    expect((entries[0]?.timeMs ?? 0) - START_MS).toBeLessThan(60 * 60_000);
    const times = entries.map(({ timeMs }) => timeMs);
    expect(times).toEqual([...times].sort((a, b) => a - b));
    const recent = times.slice(-120);
    expect((recent.at(-1) ?? 0) - (recent[0] ?? 0)).toBe(119 * SPACING_MS);
  });

  it.each([3, 700, 2001, 3333, 4999])('loses no peak of a long life: the one in sample %i', (peakAt) => {
    const series = new UsageSeries(SPACING_MS);
    for (let at = 0; at < 5000; at++) {
      series.add({
        timeMs: START_MS + at * SPACING_MS,
        usageBytes: at === peakAt ? 9_000_000 : 1_000_000,
        activeJobs: null,
      });
    }
    expect(Math.max(...series.entries().map(({ usageBytes }) => usageBytes))).toBe(9_000_000);
    expect(series.entries().every(({ activeJobs }) => activeJobs === null)).toBe(true);
  });
});
