import { expect, it } from 'vitest';
import { doubtsOf } from '../../src/replay/doubts.ts';
import { readSeries } from '../../src/replay/series-file.ts';

const START_S = 1_764_460_800;
const USAGE_BYTES = 150e6;

function doubts(time: (index: number) => number, usage: number = USAGE_BYTES, dynos = 1) {
  const rows = Array.from({ length: 30 }, (_, index) =>
    Array.from({ length: dynos }, (_, dyno) => `${time(index)},${usage},worker.${dyno}`),
  );
  return doubtsOf(readSeries(['time_ms,rss_bytes,dyno', ...rows.flat()].join('\n'), 'f'));
}

it.each([
  ['milliseconds', (index: number) => START_S * 1000 + index * 10_000],
  ['milliseconds of a fast recording', (index: number) => START_S * 1000 + index],
  ['milliseconds from zero on', (index: number) => index * 20],
  ['milliseconds from another origin', (index: number) => START_S + index * 10_000],
])('%s are not doubted', (_, time) => {
  expect(doubts(time)).toEqual({ times: [], memory: [] });
});

it.each([
  ['seconds', (index: number) => START_S + index * 15, 'time_ms begins at 1764460800, which looks like seconds'],
  ['seconds with fractions', (index: number) => START_S + index * 0.5, 'which looks like seconds'],
  ['microseconds', (index: number) => START_S * 1e6 + index * 1e7, 'which looks like microseconds'],
  ['times that a spreadsheet rounded', () => 1.76446e12, 'all 30 rows have the time 1764460000000'],
])('%s are doubted', (_, time, words) => {
  expect(doubts(time).times.join()).toContain(words);
});

it('doubts the seconds of many dynos that share their times', () => {
  const { times } = doubts((index) => START_S + index * 15, USAGE_BYTES, 20);
  expect(times.join()).toContain('which looks like seconds');
});

it('doubts memory that is less than a process needs', () => {
  const time = (index: number) => START_S * 1000 + index * 10_000;
  expect(doubts(time, 450).memory).toEqual([
    'rss_bytes is 450 at most, less than a process needs: give bytes, not KB or MB',
  ]);
  expect(doubts(time, 40e6).memory).toEqual([]);
});
