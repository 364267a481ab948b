import { describe, expect, it } from 'vitest';
import { liveRange, nearestIndex, ticksOf, zoomOf } from '../../../src/page/model/axis.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const NOW_MS = Date.UTC(2026, 10, 29, 14, 20);

describe('ticks', () => {
  it('are round times, not more than fit', () => {
    const ticks = ticksOf({ fromMs: NOW_MS - 6 * HOUR_MS, toMs: NOW_MS }, 4, 0);
    expect(ticks.map(({ label }) => label)).toEqual(['10:00', '12:00', '14:00']);
    for (const { at } of ticks) expect(at).toBeGreaterThanOrEqual(0);
  });

  it("fall on full hours of the reader's clock", () => {
    const ticks = ticksOf({ fromMs: NOW_MS - 3 * HOUR_MS, toMs: NOW_MS }, 3, 5.5 * HOUR_MS);
    expect(ticks.map(({ label }) => label)).toEqual(['17:00', '18:00', '19:00']);
  });

  it('show seconds where minutes are too coarse, and a date at midnight', () => {
    expect(ticksOf({ fromMs: NOW_MS, toMs: NOW_MS + 20_000 }, 3, 0)[0]?.label).toBe('14:20:00');
    const night = Date.UTC(2026, 10, 30);
    expect(ticksOf({ fromMs: night - HOUR_MS, toMs: night + HOUR_MS }, 2, 0).map(({ label }) => label)).toContain(
      '11/30',
    );
  });

  it('are none for an empty range', () => {
    expect(ticksOf({ fromMs: 5, toMs: 5 }, 4, 0)).toEqual([]);
  });
});

describe('the range', () => {
  it('fits what is known: a first curve fills the width', () => {
    const range = liveRange('auto', NOW_MS - 1.5 * MINUTE_MS, NOW_MS);
    expect(range.toMs - range.fromMs).toBe(2 * MINUTE_MS);
    expect(range.toMs).toBeGreaterThanOrEqual(NOW_MS);
  });

  it('is what was chosen, at most six hours by itself', () => {
    const auto = liveRange('auto', NOW_MS - 48 * HOUR_MS, NOW_MS);
    expect(auto.toMs - auto.fromMs).toBe(6 * HOUR_MS);
    const chosen = liveRange('24h', null, NOW_MS);
    expect(chosen.toMs - chosen.fromMs).toBe(24 * HOUR_MS);
  });

  it('moves in steps, so that a second later it is the same', () => {
    expect(liveRange('6h', null, NOW_MS + 1000)).toEqual(liveRange('6h', null, NOW_MS + 2000));
  });

  it('zooms to a drag in either direction, never closer than half a minute', () => {
    expect(zoomOf(200_000, 100_000)).toEqual({ fromMs: 100_000, toMs: 200_000 });
    expect(zoomOf(100_000, 101_000)).toEqual({ fromMs: 85_500, toMs: 115_500 });
    expect(zoomOf(100_000, 100_000)).toBeNull();
  });
});

it.each([
  [[], 5, null],
  [[10, 20, 30], 0, 0],
  [[10, 20, 30], 14, 0],
  [[10, 20, 30], 16, 1],
  [[10, 20, 30], 99, 2],
] as const)('finds in %j the moment nearest to %d', (times, timeMs, index) => {
  expect(nearestIndex(times, timeMs)).toBe(index);
});
