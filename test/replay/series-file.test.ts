import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BadInputError } from '../../src/model/errors.ts';
import { readSeries } from '../../src/replay/series-file.ts';

describe('a recorded series', () => {
  it('is read with its optional columns; a missing or empty one is unknown, not zero', () => {
    const [row] = readSeries('time_ms,rss_bytes,swap_bytes,active_jobs,dyno,colour\n1,2,,0,worker.1,red\n', 'f');
    expect(row).toMatchObject({
      line: 2,
      timeMs: 1,
      rssBytes: 2,
      swapBytes: null,
      activeJobs: 0,
      dyno: 'worker.1',
      quotaBytes: null,
    });
  });

  it('may have Windows line ends, a byte order mark, blank lines, and quotes', () => {
    const rows = readSeries('\uFEFF"time_ms","rss_bytes"\r\n1,2\r\n\r\n"3","4"\r\n', 'f');
    expect(rows.map(({ timeMs, line }) => [timeMs, line])).toEqual([
      [1, 2],
      [3, 4],
    ]);
  });

  it.each([
    ['time_ms,rss_bytes\n2026-11-29T14:00:00Z,2\n2026-11-29T15:00:20.500+01:00,2\n'],
    ['time,rss_bytes\n2026-11-29 14:00:00Z,2\n1795960820500,2\n'],
  ])('may have its times as ISO 8601: %j', (text) => {
    const at = Date.UTC(2026, 10, 29, 14);
    expect(readSeries(text, 'f').map(({ timeMs }) => timeMs)).toEqual([at, at + 20_500]);
  });

  it.each([
    ['a time without its offset', 'time,rss_bytes\n2026-11-29T14:00:00,2\n', 'f:2: the time "2026-11-29T14:00:00"'],
    ['a day that is none', 'time,rss_bytes\n2026-13-29T14:00:00Z,2\n', 'f:2: the time "2026-13-29T14:00:00Z"'],
    ['no header', '1,2\n', 'f:1: the header has no column time_ms'],
    ['a column that is missing', 'time_ms\n1\n', 'f:1: the header has no column rss_bytes'],
    ['a column twice', 'time_ms,rss_bytes,time_ms\n1,2,3\n', 'f:1: the column time_ms occurs twice'],
    ['no rows', 'time_ms,rss_bytes\n', 'f: no row follows the header'],
    ['a text for a number', 'time_ms,rss_bytes\n1,2\n2,x\n', 'f:3: rss_bytes is "x"'],
    ['a negative number', 'time_ms,rss_bytes\n1,-2\n', 'f:2: rss_bytes is "-2"'],
    ['infinity', 'time_ms,rss_bytes\n1,1e999\n', 'f:2: rss_bytes is "1e999"'],
    ['an empty number', 'time_ms,rss_bytes\n1,\n', 'f:2: rss_bytes is empty'],
    ['a row too short', 'time_ms,rss_bytes\n1\n', 'f:2: 1 cells'],
    ['a row too long', 'time_ms,rss_bytes\n1,2,3\n', 'f:2: 3 cells'],
    ['time that goes back', 'time_ms,rss_bytes\n5,1\n4,1\n', 'f:3: time_ms goes back from 5 to 4'],
  ])('is refused for %s, with file and line', (_, text, message) => {
    expect(() => readSeries(text, 'f')).toThrow(BadInputError);
    expect(() => readSeries(text, 'f')).toThrow(message);
  });

  it('never fails without naming the place', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        try {
          readSeries(`time_ms,rss_bytes\n${text}`, 'f');
        } catch (error) {
          expect(error).toBeInstanceOf(BadInputError);
          expect((error as Error).message).toMatch(/^f(:\d+)?: /);
        }
      }),
    );
  });
});
