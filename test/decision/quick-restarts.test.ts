import { describe, expect, it } from 'vitest';
import { type ClosedRestart, quickRestarts } from '../../src/decision/quick-restarts.ts';

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

describe('quick restarts of a dyno', () => {
  it.each<[string, readonly ClosedRestart[], number]>([
    ['none without a restart', [], 0],
    ['one restart', [closed(1)], 1],
    ['each that came within three hours of the one before', [closed(1), closed(2), closed(4.9)], 3],
    ['those up to the first longer pause', [closed(1), closed(2), closed(5.1), closed(6)], 2],
    ['one where the one before was long ago', [closed(1), closed(9)], 1],
    ['those of this dyno only', [closed(1), closed(1.5, { dyno: 'worker.2' }), closed(2)], 2],
    ['those that were restarted only', [closed(1), closed(1.5, { outcome: 'refused' }), closed(2)], 2],
    ['none from before last week', [closed(7 * 24 + 1), closed(7 * 24 + 2)], 0],
  ])('are %s', (_, newestFirst, inARow) => {
    expect(quickRestarts(newestFirst, 'worker.1', NOW_MS).inARow).toBe(inARow);
  });

  it.each<[string, readonly ClosedRestart[], boolean]>([
    ['one that came after two others has', [closed(1), closed(2), closed(3)], true],
    ['also before a longer pause', [closed(1), closed(50), closed(51), closed(52)], true],
    ['two in a row have not', [closed(1), closed(9), closed(10)], false],
    ['not one of before last week', [closed(1), closed(7 * 24 + 1), closed(7 * 24 + 2), closed(7 * 24 + 3)], false],
    ['not one of another dyno', [closed(1), closed(2, { dyno: 'worker.2' }), closed(3)], false],
    ['not one that a person sent', [closed(1), closed(2, { by: 'person' }), closed(3)], false],
  ])('have waited until the dyno was full: %s', (_, newestFirst, oneHasWaited) => {
    expect(quickRestarts(newestFirst, 'worker.1', NOW_MS).oneHasWaited).toBe(oneHasWaited);
  });
});
