import type { SeriesRow } from './series-file.ts';

/** Unix seconds from 2001 to 2286. Read as ms they are in the first months of 1970, where nobody recorded anything. */
const SECONDS = { from: 1e9, below: 1e10 };
/** A series in ms with samples that close together does not happen to begin in that range. */
const MAX_STEP_OF_SECONDS = 1000;
/** The year 5138 in ms, and 1973 in microseconds. */
const MIN_MICROSECONDS = 1e14;
/** No process with a runtime gets by with less. */
const MIN_PEAK_BYTES = 8 * 2 ** 20;

/** What a recording seems to have in another unit than its column names. Both are sentences; empty: nothing. */
export interface Doubts {
  readonly times: readonly string[];
  readonly memory: readonly string[];
}

/**
 * Such a recording can be read, and what is decided about it means nothing. `rows` are in the order of time. A guess,
 * so it is a warning and no error.
 */
export function doubtsOf(rows: readonly SeriesRow[]): Doubts {
  return { times: timeDoubts(rows), memory: memoryDoubts(rows) };
}

function timeDoubts(rows: readonly SeriesRow[]): readonly string[] {
  const firstMs = rows[0]?.timeMs ?? 0;
  const lastMs = rows.at(-1)?.timeMs ?? 0;
  if (rows.length > 2 && firstMs === lastMs)
    return [`all ${rows.length} rows have the time ${firstMs}: a spreadsheet may have rounded time_ms`];
  if (firstMs >= MIN_MICROSECONDS)
    return [`time_ms begins at ${firstMs}, which looks like microseconds: divide it by 1000`];
  const isSeconds = firstMs >= SECONDS.from && firstMs < SECONDS.below && medianStep(rows) < MAX_STEP_OF_SECONDS;
  return isSeconds ? [`time_ms begins at ${firstMs}, which looks like seconds: multiply it by 1000`] : [];
}

function memoryDoubts(rows: readonly SeriesRow[]): readonly string[] {
  const peak = rows.reduce((most, { rssBytes }) => Math.max(most, rssBytes), 0);
  if (peak >= MIN_PEAK_BYTES) return [];
  return [`rss_bytes is ${peak} at most, less than a process needs: give bytes, not KB or MB`];
}

/** Rows of several dynos share their times, so steps of zero do not count. 0: there are no others. */
function medianStep(rows: readonly SeriesRow[]): number {
  const steps: number[] = [];
  rows.forEach(({ timeMs }, index) => {
    const step = timeMs - (rows[index - 1]?.timeMs ?? timeMs);
    if (step > 0) steps.push(step);
  });
  return steps.sort((a, b) => a - b)[Math.floor(steps.length / 2)] ?? 0;
}
