import { expect, it } from 'vitest';
import { checkClocks } from '../../src/doctor/check-clocks.ts';

const FIVE_MINUTES_MS = 300_000;

it('is content with clocks that agree to some seconds', () => {
  const found = checkClocks([
    { who: 'Redis at h:6379', aheadMs: 3 },
    { who: 'Heroku', aheadMs: -900 },
  ]);
  expect(found).toEqual([
    { level: 'ok', subject: 'clocks', says: expect.stringContaining('Redis at h:6379 and Heroku'), advice: null },
  ]);
});

it.each([
  ['one that is ahead', FIVE_MINUTES_MS, /clock of Redis at h:6379 is 5 min ahead of this machine's/],
  ['one that is behind', -FIVE_MINUTES_MS, /clock of Redis at h:6379 is 5 min behind this machine's/],
])('warns of %s', (_what, aheadMs, says) => {
  const found = checkClocks([
    { who: 'Redis at h:6379', aheadMs },
    { who: 'Heroku', aheadMs: 0 },
  ]);
  expect(found).toEqual([
    expect.objectContaining({ level: 'warning', says: expect.stringMatching(says), advice: expect.any(String) }),
  ]);
});

it("blames this machine's clock when it differs from all others", () => {
  const found = checkClocks([
    { who: 'Redis at h:6379', aheadMs: FIVE_MINUTES_MS },
    { who: 'Heroku', aheadMs: FIVE_MINUTES_MS },
  ]);
  expect(found.map(({ advice }) => advice)).toEqual([
    expect.stringContaining("this machine's clock"),
    expect.stringContaining("this machine's clock"),
  ]);
});

it('says nothing when no clock could be read', () => {
  expect(checkClocks([{ who: 'Heroku', aheadMs: null }])).toEqual([]);
});
