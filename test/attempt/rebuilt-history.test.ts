import { describe, expect, it } from 'vitest';
import { type AgedDyno, restartsShownByAges } from '../../src/attempt/rebuilt-history.ts';

const MINUTE = 60_000;
const NOW = 1_000 * MINUTE;

function dyno(processType: string, ageMinutes: number, releaseVersion: number | null = 7): AgedDyno {
  return { processType, createdAtMs: NOW - ageMinutes * MINUTE, releaseVersion };
}

describe('what the ages of dynos say about restarts', () => {
  const cases: readonly [string, readonly AgedDyno[], readonly number[]][] = [
    [
      'dynos that came with their release are one deploy',
      [dyno('web', 30), dyno('worker', 29), dyno('worker', 26)],
      [],
    ],
    ['a younger one was restarted', [dyno('web', 300), dyno('worker', 299), dyno('worker', 20)], [20]],
    ['the newest comes first', [dyno('web', 300), dyno('worker', 40), dyno('worker', 20)], [20, 40]],
    ['of the last hour only', [dyno('web', 300), dyno('worker', 61), dyno('worker', 59)], [59]],
    ['of another type none', [dyno('worker', 300), dyno('web', 20)], []],
    ['each release has its own time', [dyno('web', 300, 6), dyno('worker', 20, 7), dyno('worker', 21, 7)], []],
    ['a lone dyno shows nothing', [dyno('worker', 20)], []],
    ['without a release they are compared all the same', [dyno('web', 300, null), dyno('worker', 20, null)], [20]],
  ];
  it.each(cases)('%s', (_, dynos, agesMinutes) => {
    const restarts = restartsShownByAges(dynos, { processType: 'worker', nowMs: NOW });
    expect(restarts).toEqual(agesMinutes.map((age) => NOW - age * MINUTE));
  });

  it('a clock that runs ahead makes no restart of the future', () => {
    const dynos = [dyno('web', 300), dyno('worker', -2)];
    expect(restartsShownByAges(dynos, { processType: 'worker', nowMs: NOW })).toEqual([NOW]);
  });
});
