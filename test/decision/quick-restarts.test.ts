import { describe, expect, it } from 'vitest';
import { type ClosedRestart, earlyRestarts } from '../../src/decision/quick-restarts.ts';

const HOUR_MS = 3_600_000;
const NOW_MS = 1_700_000_000_000;

function closed(hoursAgo: number, changes: Partial<ClosedRestart> = {}): ClosedRestart {
  return {
    dyno: 'worker.1',
    outcome: 'restarted',
    closedAtMs: NOW_MS - hoursAgo * HOUR_MS,
    ...changes,
  };
}

const every = (count: number, fromHoursAgo = 1) =>
  Array.from({ length: count }, (_, index) => closed(fromHoursAgo + index));
const early = (history: readonly ClosedRestart[], uselessRestarts = 0) =>
  earlyRestarts({ history, nowMs: NOW_MS, uselessRestarts, windowMs: 60_000 }, 'worker.1');

describe('the newest restarts of a dyno', () => {
  it.each<[string, readonly ClosedRestart[]]>([
    ['none', []],
    ['one', [closed(1)]],
    ['two that were further apart than three hours', [closed(1), closed(4.1)]],
    ['two, one of them of another dyno', [closed(1), closed(1.5, { dyno: 'worker.2' })]],
    ['two, one of which was refused', [closed(1), closed(1.5, { outcome: 'refused' })]],
    ['two, one of which a person sent', [closed(1), closed(1.5, { by: 'person' })]],
    ['two of before last week', [closed(7 * 24 + 1), closed(7 * 24 + 2)]],
  ])('bought enough: %s', (_, history) => {
    expect(early(history)).toBe('usual');
  });

  it.each<[string, readonly ClosedRestart[], number]>([
    ['two within three hours', [closed(1), closed(3.9)], 0],
    ['two within three hours, days ago', [closed(50), closed(51)], 0],
    ['two within three hours, and one much later', [closed(1), closed(50), closed(51)], 0],
    ['one that was useless', [], 1],
  ])('bought little: %s', (_, history, uselessRestarts) => {
    expect(early(history, uselessRestarts)).toBe('wait');
  });

  it('bought enough for the rest of the week once one has waited', () => {
    expect(early([closed(1), ...every(3, 50)])).toBe('granted');
    const waiting = Array.from({ length: 60 }, (_, count) => count).filter((count) => early(every(count)) === 'wait');
    expect(waiting).toEqual([2]);
  });

  it('waits again once the one that waited is a week ago', () => {
    expect(early([closed(100), closed(101), ...every(1, 7 * 24 + 1)])).toBe('wait');
  });

  it('one that came later than a leak would have been full has not waited', () => {
    expect(early([closed(1), closed(4.5), closed(6)])).toBe('wait');
  });
});
