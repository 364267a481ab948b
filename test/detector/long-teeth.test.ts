import { describe, expect, it } from 'vitest';
import { classesIn, restartsIn } from './first-hour.ts';

const HOURS = 14;

/** From 29 % of the quota to 94 %, and back at once. `power` under 1 bends the line downwards. */
function teethOf(minutes: number, power: number) {
  return (minute: number) => 0.29 + 0.65 * ((minute % minutes) / minutes) ** power;
}

/** From 30 % of the quota to 90 % in four hours, and back at once. */
const teethTo90 = (minute: number) => 0.3 + (0.6 * (minute % 240)) / 240;

const recording = { minutes: HOURS * 60, everyS: 10, noise: 0.005, seed: 3, jobsAt: null };

describe('memory that rises for hours and comes back by itself', () => {
  it.each([30, 45, 60, 90, 120, 180, 240].flatMap((minutes) => [1, 0.5].map((power) => [minutes, power] as const)))(
    'every %i min (to the power of %d) may look like a leak once, and no more',
    (minutes, power) => {
      expect(restartsIn({ ...recording, usageAt: teethOf(minutes, power) }).length).toBeLessThanOrEqual(1);
    },
  );

  it('hides no leak that rises higher than it came back from', () => {
    const leaksFrom = 4 * 60;
    const usageAt = (minute: number) =>
      minute < leaksFrom ? teethOf(60, 1)(minute) * 0.93 : 0.29 + (0.71 * (minute - leaksFrom)) / 180;
    const leak = restartsIn({ ...recording, minutes: leaksFrom + 200, usageAt }).filter(
      ({ minute }) => minute > leaksFrom,
    );
    expect(leak[0]).toMatchObject({ reason: 'leak-near-limit' });
    expect(leak[0]?.usage).toBeLessThan(1);
  });

  it.each([20, 45, 90, 120, 240])('every %i min is called a saw-tooth from its second fall on', (minutes) => {
    const usageAt = (minute: number) => 0.3 + (0.3 * (minute % minutes)) / minutes;
    const classes = classesIn({ ...recording, minutes: 6 * minutes, usageAt });
    const isAfter = ({ minute }: { readonly minute: number }) => minute > 2 * minutes + 10;
    expect(classes.findLast((one) => !isAfter(one))).toMatchObject({ class: 'sawtooth' });
    expect(classes.filter(isAfter)).toEqual([]);
  });
});

describe('memory that stays where a moment has been before', () => {
  const bloatsFrom = 10 * 60;
  const isIn = (minute: number, from: number, to: number) => minute >= from && minute < to;

  it.each<[string, (minute: number) => number]>([
    [
      'after hours up below the soft limit, and a peak over it',
      (minute) => (isIn(minute, 60, 420) ? 0.6 : isIn(minute, 480, 490) ? 0.9 : 0.3),
    ],
    [
      'after a peak over the soft limit within hours up',
      (minute) => (isIn(minute, 240, 250) ? 0.9 : isIn(minute, 30, 510) ? 0.45 : 0.3),
    ],
    ['after long teeth whose tips alone are over it', (minute) => (isIn(minute, 0, 480) ? teethTo90(minute) : 0.3)],
  ])('%s is restarted within two hours', (_, before) => {
    const usageAt = (minute: number) => (minute < bloatsFrom ? before(minute) : 0.88);
    const restarts = restartsIn({ ...recording, minutes: bloatsFrom + 120, everyS: 20, usageAt });
    const bloat = restarts.filter(({ minute }) => minute >= bloatsFrom);
    expect(bloat[0]).toMatchObject({ reason: 'sustained-over-soft-limit' });
  });

  it('before hours without points, which are not taken for hours up, is restarted within an hour', () => {
    const usageAt = (minute: number) => (isIn(minute, 60, 70) || minute >= bloatsFrom ? 0.88 : 0.3);
    const isGapAt = (minute: number) => isIn(minute, 70, 480);
    const restarts = restartsIn({ ...recording, minutes: bloatsFrom + 60, everyS: 20, usageAt, isGapAt });
    expect(restarts[0]).toMatchObject({ reason: 'sustained-over-soft-limit' });
  });

  it('between two peaks of which nobody saw the end and the start is not restarted', () => {
    const usageAt = (minute: number) => (minute > 20 && (minute + 55) % 60 < 10 ? 0.88 : 0.3);
    const isGapAt = (minute: number) => isIn(minute, 71, 127);
    expect(restartsIn({ ...recording, minutes: 135, everyS: 20, usageAt, isGapAt })).toEqual([]);
  });
});
