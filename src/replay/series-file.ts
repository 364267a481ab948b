import { BadInputError } from '../model/errors.ts';
import { parseLogTime } from '../sources/logplex/heroku-line.ts';

/**
 * One row of a recorded series. Null is unknown, not zero: the column is missing, or the cell is empty. Memory in
 * bytes.
 */
export interface SeriesRow {
  readonly line: number;
  readonly timeMs: number;
  readonly rssBytes: number;
  readonly swapBytes: number | null;
  readonly heapUsedBytes: number | null;
  readonly externalBytes: number | null;
  readonly activeJobs: number | null;
  readonly completedJobs: number | null;
  /** How long the oldest running job has run; 0 where none runs. */
  readonly oldestJobAgeS?: number | null;
  readonly quotaBytes: number | null;
  readonly bootId: string | null;
  readonly dyno: string | null;
  /** Dynos of one type are one target. Absent: all dynos of the recording are. */
  readonly processType?: string;
  /**
   * When the boot began (Unix ms); `earlier`: before the recording did. Absent or null: with the recording, or at its
   * first row.
   */
  readonly bootStart?: number | 'earlier' | null;
}

const REQUIRED = ['time_ms', 'rss_bytes'] as const;
/** What `time_ms` may be called as well. */
const TIME = 'time';
const NUMBERS = [
  'time_ms',
  'rss_bytes',
  'swap_bytes',
  'heap_used_bytes',
  'external_bytes',
  'active_jobs',
  'completed_jobs',
  'oldest_job_age_s',
  'quota_bytes',
];
const TEXTS = ['boot_id', 'dyno'];

/**
 * Reads a recorded series: CSV with a header. Throws `BadInputError` that names file, line and column. Ignores unknown
 * columns. Times are Unix ms, or ISO 8601 with an offset, in a column `time_ms` or `time`.
 */
export function readSeries(text: string, file: string): readonly SeriesRow[] {
  const lines = text.replace(/^\uFEFF/, '').split(/\r?\n/);
  const given = (lines[0] ?? '').split(',').map((name) => unquote(name).toLowerCase());
  const header = given.includes('time_ms') ? given : given.map((name) => (name === TIME ? 'time_ms' : name));
  for (const name of REQUIRED) {
    if (!header.includes(name))
      throw new BadInputError(
        `${file}:1: the header has no column ${name}; it needs ${REQUIRED.join(' and ')} ` +
          `(the first may be called time), ` +
          `and may have ${[...NUMBERS.slice(2), ...TEXTS].join(', ')}`,
      );
  }
  const twice = header.find((name, index) => name !== '' && header.indexOf(name) !== index);
  if (twice !== undefined) throw new BadInputError(`${file}:1: the column ${twice} occurs twice`);
  const rows: SeriesRow[] = [];
  const newestMs = new Map<string, number>();
  lines.slice(1).forEach((text, index) => {
    if (text.trim() === '') return;
    const row = readRow(text, { header, file, line: index + 2 });
    const key = `${row.dyno ?? ''}|${row.bootId ?? ''}`;
    const before = newestMs.get(key);
    if (before !== undefined && row.timeMs < before)
      throw new BadInputError(
        `${file}:${row.line}: time_ms goes back from ${before} to ${row.timeMs}; sort the file by time`,
      );
    newestMs.set(key, row.timeMs);
    rows.push(row);
  });
  if (rows.length === 0) throw new BadInputError(`${file}: no row follows the header`);
  return rows;
}

interface Place {
  readonly header: readonly string[];
  readonly file: string;
  readonly line: number;
}

function readRow(text: string, place: Place): SeriesRow {
  const cells = text.split(',').map(unquote);
  if (cells.length !== place.header.length)
    throw fault(place, `${cells.length} cells, but the header has ${place.header.length} columns`);
  const cell = (name: string) => cells[place.header.indexOf(name)] ?? '';
  const number = (name: string) => readNumber(name, cell(name), place);
  const needed = (name: string): number => {
    const value = number(name);
    if (value === null) throw fault(place, `${name} is empty`);
    return value;
  };
  return {
    line: place.line,
    timeMs: readTime(cell('time_ms'), place) ?? needed('time_ms'),
    rssBytes: needed('rss_bytes'),
    swapBytes: number('swap_bytes'),
    heapUsedBytes: number('heap_used_bytes'),
    externalBytes: number('external_bytes'),
    activeJobs: number('active_jobs'),
    completedJobs: number('completed_jobs'),
    oldestJobAgeS: number('oldest_job_age_s'),
    quotaBytes: number('quota_bytes'),
    bootId: cell('boot_id') || null,
    dyno: cell('dyno') || null,
  };
}

/** ISO 8601 as RFC 3339 has it; null for a number, and for what is no time. */
function readTime(text: string, place: Place): number | null {
  if (!/^\d{4}-\d\d-\d\d/.test(text)) return null;
  const timeMs = parseLogTime(text.replace(' ', 'T'));
  if (timeMs === null)
    throw fault(place, `the time "${text}" cannot be read; write it with its offset, as 2026-11-29T14:00:00Z`);
  return timeMs;
}

function readNumber(name: string, text: string, place: Place): number | null {
  if (text === '') return null;
  const value = /^[+]?\d+(\.\d+)?(e[+]?\d+)?$/i.test(text) ? Number(text) : Number.NaN;
  if (!Number.isFinite(value)) throw fault(place, `${name} is "${text}", which is not a number of 0 or more`);
  return value;
}

function fault({ file, line }: Place, what: string): BadInputError {
  return new BadInputError(`${file}:${line}: ${what}`);
}

function unquote(text: string): string {
  const trimmed = text.trim();
  return trimmed.length >= 2 && trimmed.startsWith('"') && trimmed.endsWith('"') ? trimmed.slice(1, -1) : trimmed;
}
