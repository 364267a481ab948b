import { readdirSync, readFileSync } from 'node:fs';
import { readSeries, type SeriesRow } from '../../src/replay/series-file.ts';
import { RECORDED_FAMILIES } from './families.ts';
import type { RecordedFamily } from './family.ts';

const DATA = new URL('./data/', import.meta.url);
const MIB = 1024 ** 2;

/**
 * A committed recording. Its label is its family's: given by how the worker was programmed, never by what a detector
 * says.
 */
export interface Recorded {
  /** Of the file, without its ending: `flat-1`. */
  readonly name: string;
  readonly family: RecordedFamily;
  readonly quotaBytes: number;
  readonly rows: readonly SeriesRow[];
}

/** All that are committed, in the order of the families. */
export function readRecordings(): readonly Recorded[] {
  const files = readdirSync(DATA).filter((file) => file.endsWith('.csv'));
  const recorded = files.map(readRecording);
  const place = ({ family }: Recorded) => RECORDED_FAMILIES.indexOf(family);
  return recorded.toSorted((a, b) => place(a) - place(b) || a.name.localeCompare(b.name));
}

function readRecording(file: string): Recorded {
  const [, name = '', familyName] = /^((.+)-\d+)\.csv$/.exec(file) ?? [];
  const family = RECORDED_FAMILIES.find((other) => other.name === familyName);
  if (family === undefined) throw new Error(`${file} is named after no family of evaluation/recordings/families.ts`);
  const rows = readSeries(readFileSync(new URL(file, DATA), 'utf8'), file);
  return { name, family, quotaBytes: family.quotaMiB * MIB, rows };
}

/** When usage was last below a fraction of the quota; null if it is below it at the end. Ms, as in the file. */
export function overForGoodMs({ rows, quotaBytes }: Recorded, share: number): number | null {
  const lastBelow = rows.findLastIndex(({ rssBytes }) => rssBytes < share * quotaBytes);
  return rows[lastBelow + 1]?.timeMs ?? null;
}

/**
 * When usage was first over a fraction of the quota for `forMs` without a break: the start of that stretch, in ms as in
 * the file. Null if that never happens.
 */
export function overOnEndMs({ rows, quotaBytes }: Recorded, share: number, forMs: number): number | null {
  let sinceMs: number | null = null;
  for (const { timeMs, rssBytes } of rows) {
    sinceMs = rssBytes < share * quotaBytes ? null : (sinceMs ?? timeMs);
    if (sinceMs !== null && timeMs - sinceMs >= forMs) return sinceMs;
  }
  return null;
}
