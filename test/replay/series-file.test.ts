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
    ['a number without bounds', 'time_ms,rss_bytes\n1,1e300\n', 'f:2: rss_bytes is "1e300"'],
    ['a time after all calendars', 'time_ms,rss_bytes\n9e15,1\n', 'f:2: time_ms is "9e15"'],
    ['a quote that is not closed', 'time_ms,rss_bytes\n1,2\n3,"4\n5,6\n', 'f:3: a quote is not closed'],
    ['text after a quote', 'time_ms,rss_bytes\n"1"2,3\n', 'f:2: a quote is not closed, or text follows'],
    ['an empty number', 'time_ms,rss_bytes\n1,\n', 'f:2: rss_bytes is empty'],
    ['a row too short', 'time_ms,rss_bytes\n1\n', 'f:2: 1 cells'],
    ['a row too long', 'time_ms,rss_bytes\n1,2,3\n', 'f:2: 3 cells'],
    ['time that goes back', 'time_ms,rss_bytes\n5,1\n4,1\n', 'f:3: time_ms goes back from 5 to 4'],
    [
      'another header, which it names',
      'Time,worker.1\n1,2\n',
      'no column rss_bytes. It has "Time", "worker.1". It needs',
    ],
    [
      'semicolons',
      'time_ms;rss_bytes\n1;2\n',
      'f:1: the header has no column time_ms. Its cells are separated by semi',
    ],
    ['tabs', 'time_ms\trss_bytes\n1\t2\n', 'Its cells are separated by tabs'],
    ['carriage returns alone', 'time_ms,rss_bytes\r1,2\r', 'Its lines end with a carriage return alone'],
    ['UTF-16', 't\0i\0m\0e\0', 'The file seems to be UTF-16: save it as CSV in UTF-8'],
    ['JSON', '{"status":"success","data":{"result":[]}}', 'f:1: this looks like JSON, and a series is CSV'],
    ['lines of JSON', '{"time_ms":1,"rss_bytes":2}\n{"time_ms":3,"rss_bytes":4}\n', 'f:1: this looks like JSON'],
    ['an array of JSON', '\uFEFF[{"time_ms":1}]', 'f:1: this looks like JSON'],
    [
      'thousands separators',
      'time_ms,rss_bytes\n1,"1,024"\n',
      'rss_bytes is "1,024", which is not a number of 0 or more',
    ],
    [
      'a day of another calendar',
      'time,rss_bytes\n11/30/2026 14:00,1\n',
      'which is neither Unix milliseconds nor ISO 8601',
    ],
    ['nanoseconds', 'time_ms,rss_bytes\n1764460800000000000,1\n', 'it has to be Unix milliseconds'],
  ])('is refused for %s, with file and line', (_, text, message) => {
    expect(() => readSeries(text, 'f')).toThrow(BadInputError);
    expect(() => readSeries(text, 'f')).toThrow(message);
  });

  it('shows only the beginning of a header that is wide', () => {
    const wide = Array.from({ length: 500 }, (_, index) => `worker.${index}`).join(',');
    expect(() => readSeries(`${wide}\n1,2\n`, 'f')).toThrow('"worker.7" and 492 more. It needs time_ms');
  });

  it('may have commas, line ends and quotes in a quoted cell', () => {
    const rows = readSeries('note,time_ms,rss_bytes\n"a, ""b""\n, c",1,2\n"",3, "4" \n', 'f');
    expect(rows.map(({ timeMs, rssBytes, line }) => [timeMs, rssBytes, line])).toEqual([
      [1, 2, 2],
      [3, 4, 4],
    ]);
  });

  it('is given in the order of time, also where it lists one dyno after the other', () => {
    const rows = readSeries('time_ms,rss_bytes,dyno\n1,1,worker.1\n3,1,worker.1\n1,1,worker.2\n2,1,worker.2\n', 'f');
    expect(rows.map(({ timeMs, dyno }) => `${timeMs} ${dyno}`)).toEqual([
      '1 worker.1',
      '1 worker.2',
      '2 worker.2',
      '3 worker.1',
    ]);
  });

  it('has one boot where some rows do not name it', () => {
    const rows = readSeries('time_ms,rss_bytes,boot_id\n1,1,\n2,1,a\n3,1,\n4,1,b\n5,1,\n', 'f');
    expect(rows.map(({ bootId }) => bootId)).toEqual(['a', 'a', 'a', 'b', 'b']);
  });

  it('has one dyno where some rows do not name it', () => {
    const named = 'time_ms,rss_bytes,boot_id,dyno\n1,1,a,worker.1\n1,1,b,mailer.1\n2,1,a,\n2,1,b,\n';
    expect(readSeries(named, 'f').map(({ dyno }) => dyno)).toEqual(['worker.1', 'mailer.1', 'worker.1', 'mailer.1']);
    const only = 'time_ms,rss_bytes,dyno\n1,1,\n2,1,worker.1\n';
    expect(readSeries(only, 'f').map(({ dyno }) => dyno)).toEqual(['worker.1', 'worker.1']);
  });

  it('tells process types apart by the names of dynos', () => {
    const rows = readSeries('time_ms,rss_bytes,dyno\n1,1,worker.1\n1,1,mailer.12\n1,1,box\n', 'f');
    expect(rows.map(({ processType }) => processType)).toEqual(['worker', 'mailer', undefined]);
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
