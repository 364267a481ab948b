import { BadInputError } from '../model/errors.ts';
import { processTypeOf } from '../shared/dyno-name.ts';
import { parseLogTime } from '../sources/logplex/heroku-line.ts';
import { type CsvRecord, readCsv } from './csv.ts';

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
  /** Dynos of one type are one target. Absent: the dyno's name says no type; such dynos are one target too. */
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
 *
 * The rows come back in the order of time, because dynos share a cooldown and a budget; a file may list one dyno after
 * the other. A row without `boot_id` belongs to the boot that its dyno's row before it names, or the row after it.
 * `worker.1` and `mailer.1` are of two process types.
 */
export function readSeries(text: string, file: string): readonly SeriesRow[] {
  // Its quotes are not those of CSV, and would be called faults of its first line.
  if (/^\uFEFF?\s*[[{]/.test(text))
    throw new BadInputError(
      `${file}:1: this looks like JSON, and a series is CSV with a header (${REQUIRED.join(',')},...). ` +
        'docs/faq.md shows how to make one from Prometheus',
    );
  const records = readCsv(text, file);
  const header = readHeader(records.next().value ?? { cells: [], line: 1 }, file);
  const rows: SeriesRow[] = [];
  const newestMs = new Map<string, number>();
  for (const { cells, line } of records) {
    const row = readRow(cells, { header, file, line });
    const key = JSON.stringify([row.dyno, row.bootId]);
    const before = newestMs.get(key);
    if (before !== undefined && row.timeMs < before)
      throw fault({ file, line }, `time_ms goes back from ${before} to ${row.timeMs}; sort the file by time`);
    newestMs.set(key, row.timeMs);
    rows.push(row);
  }
  if (rows.length === 0) throw new BadInputError(`${file}: no row follows the header`);
  return withBoots(withDynos(rows.sort((a, b) => a.timeMs - b.timeMs)));
}

function readHeader({ cells, line }: CsvRecord, file: string): readonly string[] {
  const given = cells.map((name) => name.toLowerCase());
  const header = given.includes('time_ms') ? given : given.map((name) => (name === TIME ? 'time_ms' : name));
  for (const name of REQUIRED) {
    if (!header.includes(name)) throw fault({ file, line }, `the header has no column ${name}. ${headerAdvice(cells)}`);
  }
  const twice = header.find((name, index) => name !== '' && header.indexOf(name) !== index);
  if (twice !== undefined) throw new BadInputError(`${file}:${line}: the column ${twice} occurs twice`);
  return header;
}

const MAX_SHOWN_CELLS = 8;

/** What is in the place of a header, and what has to be there. */
function headerAdvice(cells: readonly string[]): string {
  const shape = wrongShape(cells);
  if (shape !== null) return shape;
  const shown = cells.slice(0, MAX_SHOWN_CELLS).map((name) => `"${short(name)}"`);
  const more = cells.length > MAX_SHOWN_CELLS ? ` and ${cells.length - MAX_SHOWN_CELLS} more` : '';
  return (
    `It has ${shown.join(', ')}${more}. It needs ${REQUIRED.join(' and ')} (the first may be called ${TIME}), ` +
    `and may have ${[...NUMBERS.slice(2), ...TEXTS].join(', ')}`
  );
}

/** Where the whole file is of another form than CSV, no name of a column would help. Null: it is CSV. */
function wrongShape(cells: readonly string[]): string | null {
  const line = cells.join(',');
  if (line.includes('\0')) return 'The file seems to be UTF-16: save it as CSV in UTF-8';
  if (line.includes('\r')) return 'Its lines end with a carriage return alone: end them with a line feed';
  if (cells.length > 1) return null;
  if (line.includes(';')) return 'Its cells are separated by semicolons: separate them by commas, with decimal points';
  return line.includes('\t') ? 'Its cells are separated by tabs: separate them by commas' : null;
}

/** A row without `dyno` is of the dyno that other rows name for its boot, or of the only one in the file. */
function withDynos(rows: readonly SeriesRow[]): readonly SeriesRow[] {
  const named = new Map<string | null, string>();
  const all = new Set<string>();
  for (const { dyno, bootId } of rows) {
    if (dyno === null) continue;
    all.add(dyno);
    if (bootId !== null) named.set(bootId, dyno);
  }
  if (all.size === 0) return rows;
  const [only = null] = all.size === 1 ? all : [];
  return rows.map((row) => {
    const dyno = row.dyno ?? named.get(row.bootId) ?? only;
    return dyno === null ? row : { ...row, dyno, ...typeOf(dyno) };
  });
}

/** An empty `boot_id` is unknown, not another boot: each change of boot would begin the dyno's history again. */
function withBoots(rows: readonly SeriesRow[]): readonly SeriesRow[] {
  if (rows.every(({ bootId }) => bootId === null) || rows.every(({ bootId }) => bootId !== null)) return rows;
  const named = new Map<string | null, string>();
  for (const { dyno, bootId } of rows) if (bootId !== null && !named.has(dyno)) named.set(dyno, bootId);
  return rows.map((row) => {
    const bootId = row.bootId ?? named.get(row.dyno) ?? null;
    if (bootId !== null) named.set(row.dyno, bootId);
    return { ...row, bootId };
  });
}

interface Place {
  readonly file: string;
  readonly line: number;
}

interface RowPlace extends Place {
  readonly header: readonly string[];
}

function readRow(cells: readonly string[], place: RowPlace): SeriesRow {
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

/** Two process types are two targets, each with its own floor, cooldown and budget. */
function typeOf(dyno: string): Pick<SeriesRow, 'processType'> {
  return /^[^.]+\.\d+$/.test(dyno) ? { processType: processTypeOf(dyno) } : {};
}

/** ISO 8601 as RFC 3339 has it; null for a number, and for what is no time. */
function readTime(text: string, place: Place): number | null {
  if (!/^\d{4}-\d\d-\d\d/.test(text)) return null;
  const timeMs = parseLogTime(text.replace(' ', 'T'));
  if (timeMs === null)
    throw fault(place, `the time "${short(text)}" cannot be read; write it with its offset, as 2026-11-29T14:00:00Z`);
  return timeMs;
}

/** Beyond these no sum is exact, and no calendar has the time. */
const MAX_NUMBER = Number.MAX_SAFE_INTEGER;
const MAX_TIME_MS = 8.64e15;

function readNumber(name: string, text: string, place: Place): number | null {
  if (text === '') return null;
  const value = /^[+]?\d+(\.\d+)?(e[+]?\d+)?$/i.test(text) ? Number(text) : Number.NaN;
  if (Number.isNaN(value)) throw fault(place, `${name} is "${short(text)}", which is ${notNumber(name)}`);
  const max = name === 'time_ms' ? MAX_TIME_MS : MAX_NUMBER;
  const unit = name === 'time_ms' ? ': it has to be Unix milliseconds' : '';
  if (value > max) throw fault(place, `${name} is "${short(text)}", which is more than ${max}${unit}`);
  return value;
}

function notNumber(name: string): string {
  return name === 'time_ms'
    ? 'neither Unix milliseconds nor ISO 8601 with its offset, as 2026-11-29T14:00:00Z'
    : 'not a number of 0 or more, without unit or thousands separator; leave a row out where it is unknown';
}

/** A cell may be the whole file. */
function short(text: string): string {
  return text.length > 80 ? `${text.slice(0, 80)}...` : text;
}

function fault({ file, line }: Place, what: string): BadInputError {
  return new BadInputError(`${file}:${line}: ${what}`);
}
