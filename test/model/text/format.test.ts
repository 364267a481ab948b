import { expect, it } from 'vitest';
import { formatRate } from '../../../src/model/text/format.ts';

const MIB_AN_HOUR = 1024 ** 2 / 3_600_000;

it.each([
  [60, '60 MB an hour'],
  [2_000, '2000 MB an hour'],
  [29_643, '494 MB a minute'],
  [360_000, '100 MB a second'],
  [0.4, '10 MB a day'],
  [-60, '-60 MB an hour'],
])('a rise of %d MB an hour is said in the span that suits it', (megabytes, words) => {
  expect(formatRate(megabytes * MIB_AN_HOUR)).toBe(words);
});
