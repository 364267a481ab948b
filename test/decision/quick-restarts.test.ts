import { describe, expect, it } from 'vitest';
import { type ClosedRestart, quickRestarts } from '../../src/decision/quick-restarts.ts';

const HOUR_MS = 3_600_000;
const NOW_MS = 1_700_000_000_000;

function closed(hoursAgo: number, changes: Partial<ClosedRestart> = {}): ClosedRestart {
  return {
    dyno: 'worker.1',
    outcome: 'restarted',
    closedAtMs: NOW_MS - hoursAgo * HOUR_MS,
    usageBytes: null,
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

  it('remember the highest usage that any of the last week was claimed at, also before a longer pause', () => {
    const history = [
      closed(1, { usageBytes: 400 }),
      closed(9, { usageBytes: 510 }),
      closed(7 * 24 + 1, { usageBytes: 900 }),
      closed(2, { usageBytes: 800, dyno: 'worker.2' }),
    ];
    expect(quickRestarts(history, 'worker.1', NOW_MS).fullestBytes).toBe(510);
    expect(quickRestarts([closed(1)], 'worker.1', NOW_MS).fullestBytes).toBe(0);
  });
});
