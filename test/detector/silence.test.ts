import { describe, expect, it } from 'vitest';
import { classesIn, restartsIn } from './first-hour.ts';

const SILENT_FROM = 100;
const SILENT_MINUTES = 360;
const BACK_AT = SILENT_FROM + SILENT_MINUTES;

const recording = {
  minutes: BACK_AT + 90,
  everyS: 10,
  noise: 0.003,
  seed: 5,
  jobsAt: null,
  isGapAt: (minute: number) => minute >= SILENT_FROM && minute < BACK_AT,
};

/** From 20 % of the quota, `perHour` of it an hour. */
const leakOf = (perHour: number) => (minute: number) => 0.2 + (perHour * minute) / 60;
const seenThen = (then: (minute: number) => number, now: (minute: number) => number) => (minute: number) =>
  minute < SILENT_FROM ? then(minute) : now(minute);

/** Decisions to restart from the first point after six hours without any, by minutes after it. */
function restartsOnceBack(usageAt: (minute: number) => number) {
  return restartsIn({ ...recording, usageAt })
    .filter(({ minute }) => minute >= BACK_AT)
    .map((one) => ({ ...one, minute: one.minute - BACK_AT }));
}

describe('after hours without points, what was seen before', () => {
  it.each<[string, (minute: number) => number]>([
    [
      'a floor over the hard limit',
      seenThen(
        (minute) => (minute < 40 ? 0.3 : 1.05),
        () => 0.3,
      ),
    ],
    [
      'bloat',
      seenThen(
        (minute) => (minute < 40 ? 0.3 : 0.88),
        () => 0.3,
      ),
    ],
    ['a leak', seenThen(leakOf(0.28), () => 0.3)],
    ['a leak that has stopped below the soft limit', seenThen(leakOf(0.28), () => 0.69)],
    ['a leak that stopped where it was last seen', seenThen(leakOf(0.28), () => leakOf(0.28)(SILENT_FROM))],
  ])('%s, restarts nothing', (_, usageAt) => {
    expect(restartsOnceBack(usageAt)).toEqual([]);
  });

  it.each<[string, (minute: number) => number, string]>([
    ['a floor over the hard limit', (minute) => (minute < 40 ? 0.3 : 1.05), 'hard-limit'],
    ['bloat', (minute) => (minute < 40 ? 0.3 : 0.88), 'sustained-over-soft-limit'],
    ['a leak', seenThen(leakOf(0.28), (minute) => 0.9 + (0.28 * (minute - BACK_AT)) / 60), 'leak-near-limit'],
  ])('%s, restarts once three windows show it again', (_, usageAt, reason) => {
    const [first] = restartsOnceBack(usageAt);
    expect(first).toMatchObject({ reason });
    expect(first?.minute).toBeGreaterThanOrEqual(3);
    expect(first?.minute).toBeLessThan(30);
  });

  it('leaves the class as it was until then', () => {
    const classes = classesIn({
      ...recording,
      usageAt: seenThen(
        (minute) => (minute < 40 ? 0.3 : 0.88),
        () => 0.3,
      ),
    });
    expect(classes.filter(({ minute }) => minute >= BACK_AT && minute < BACK_AT + 3)).toEqual([]);
    expect(classes.at(-1)).toMatchObject({ class: 'healthy' });
  });
});

it('a few points that are missing, of one a minute, delay no restart of a leak', () => {
  const usageAt = (minute: number) => 0.2 + (0.2 * minute) / 60;
  const isGapAt = (minute: number) => minute % 25 < 5;
  const restarts = restartsIn({ ...recording, minutes: 235, everyS: 60, usageAt, isGapAt });
  expect(restarts[0]).toMatchObject({ reason: 'leak-near-limit' });
});
