import { describe, expect, it } from 'vitest';
import { sentence } from '../../../src/page/model/words/sentence.ts';
import { countWords, growthWords, numberOf, sizeWords, usageWords } from '../../../src/page/model/words/sizes.ts';
import { agoWords, clockWords, limitWords, spanWords } from '../../../src/page/model/words/times.ts';
import { mb } from '../lab/fleet.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

describe('times', () => {
  it.each([
    [0, '0 s'],
    [59_400, '59 s'],
    [12 * MINUTE_MS, '12 min'],
    [5 * HOUR_MS + 10 * MINUTE_MS, '5 h 10 min'],
    [6 * HOUR_MS, '6 h'],
    [76 * HOUR_MS, '3 d 4 h'],
    [-5, '0 s'],
  ])('writes %d ms in two units at most', (ms, words) => {
    expect(spanWords(ms)).toBe(words);
  });

  it.each([
    [null, 'not rising'],
    [0, 'at the limit'],
    [5 * HOUR_MS, 'limit in 5 h'],
    [400 * HOUR_MS, 'limit in over 14 d'],
  ])('says how long it is to the limit: %s', (ms, words) => {
    expect(limitWords(ms, mb(512))).toBe(words);
  });

  it('does not say of a dyno without a known quota that it does not rise', () => {
    expect(limitWords(null, null)).toBe('quota unknown');
  });

  it('says the age of what just came as such', () => {
    expect(agoWords(1000, 2500)).toBe('just now');
    expect(agoWords(0, HOUR_MS)).toBe('1 h ago');
  });

  it('names the day of a clock time when it is another one', () => {
    const now = new Date(2026, 10, 29, 14, 2).getTime();
    expect(clockWords(now, now)).toBe('14:02');
    expect(clockWords(now - 24 * HOUR_MS, now)).toBe('28 Nov, 14:02');
  });
});

describe('sizes', () => {
  it.each([
    [mb(475), '475 MB'],
    [mb(1.9), '1.9 MB'],
    [0, '0 MB'],
    [mb(2.3 * 1024), '2.3 GB'],
    [-mb(12), '−12 MB'],
    [null, '–'],
  ])('writes %s', (bytes, words) => {
    expect(sizeWords(bytes)).toBe(words);
  });

  it('signs growth', () => {
    expect([growthWords(mb(388)), growthWords(-mb(3)), growthWords(0)]).toEqual(['+388 MB', '−3.0 MB', '0 MB']);
  });

  it('writes usage of a limit, and alone where there is none', () => {
    expect(usageWords(mb(475), mb(512))).toBe('475 of 512 MB');
    expect(usageWords(mb(1200), mb(2560))).toBe('1.2 GB of 2.5 GB');
    expect(usageWords(mb(475), null)).toBe('475 MB');
    expect(usageWords(null, mb(512))).toBe('not measured yet');
  });

  it('counts', () => {
    expect([countWords(1204), countWords(12_345_678), countWords(7)]).toEqual(['1,204', '12,345,678', '7']);
    expect([numberOf(1, 'job'), numberOf(3, 'job')]).toEqual(['1 job', '3 jobs']);
  });
});

it('makes a sentence of a phrase, once', () => {
  expect(sentence('floor is at 39 %')).toBe('Floor is at 39 %.');
  expect(sentence('Why not now?')).toBe('Why not now?');
  expect(sentence('')).toBe('');
});
