import type { Decision } from '../model/decision.ts';
import { formatBytes, formatDuration } from '../model/text/format.ts';
import type { RecordedLog } from './heroku-log.ts';
import type { SeriesRow } from './series-file.ts';

/** What a recording says of one dyno, for a person. */
export interface DynoSummary {
  readonly dyno: string;
  readonly peakBytes: number;
  /** The last that was recorded; null: unknown. */
  readonly quotaBytes: number | null;
  /** How long its usage was over its quota; 0 where that is unknown. */
  readonly overQuotaMs: number;
  readonly recordedMs: number;
  readonly boots: number;
  readonly restarts: readonly Decision[];
  /** Lines with R14 or R15 in the log. */
  readonly quotaErrors: number;
}

export interface SummaryInput {
  readonly rows: readonly SeriesRow[];
  readonly restarts: readonly Decision[];
  /** The quota of rows without one. */
  readonly quotaBytes: number | null;
  readonly quotaErrors: RecordedLog['quotaErrors'];
}

/** A longer gap between two samples is not counted: nobody knows what was in it. */
const MAX_GAP_MS = 5 * 60_000;

/** In order of first appearance. */
export function summariseDynos({ rows, restarts, quotaBytes, quotaErrors }: SummaryInput): readonly DynoSummary[] {
  return [...Map.groupBy(rows, ({ dyno }) => dyno ?? 'dyno')].map(([dyno, own]) => ({
    dyno,
    peakBytes: own.reduce((peak, row) => Math.max(peak, usageOf(row)), 0),
    // Not of the last row, whose line may have been cut off.
    quotaBytes: own.findLast((row) => row.quotaBytes !== null)?.quotaBytes ?? quotaBytes,
    overQuotaMs: own.reduce((sum, row, index) => sum + overMs(row, own[index + 1], quotaBytes), 0),
    recordedMs: (own.at(-1)?.timeMs ?? 0) - (own[0]?.timeMs ?? 0),
    boots: new Set(own.map(({ bootId }) => bootId)).size,
    restarts: restarts.filter((restart) => restart.dyno === dyno),
    quotaErrors: quotaErrors.filter((error) => error.dyno === dyno).length,
  }));
}

/** From a row over its quota to the next one. */
function overMs(row: SeriesRow, next: SeriesRow | undefined, quotaBytes: number | null): number {
  const limitBytes = row.quotaBytes ?? quotaBytes;
  if (next === undefined || limitBytes === null || usageOf(row) <= limitBytes) return 0;
  return Math.min(next.timeMs - row.timeMs, MAX_GAP_MS);
}

function usageOf({ rssBytes, swapBytes }: SeriesRow): number {
  return rssBytes + (swapBytes ?? 0);
}

/** `worker.1: over its quota of 512 MB for 5 h of 8 h (up to 740 MB); would have been restarted twice.` */
export function dynoSentence(summary: DynoSummary, startMs: number): string {
  const { dyno, quotaErrors } = summary;
  const errors = quotaErrors === 0 ? '' : ` Heroku logged R14 or R15 ${times(quotaErrors)}.`;
  return `${dyno}: ${quotaWords(summary)}; ${restartWords(summary, startMs)}.${errors}`;
}

function quotaWords({ peakBytes, quotaBytes, overQuotaMs, recordedMs }: DynoSummary): string {
  const upTo = `up to ${formatBytes(peakBytes)}`;
  if (quotaBytes === null) return `${upTo} in ${formatDuration(recordedMs)}, quota unknown`;
  const quota = `quota of ${formatBytes(quotaBytes)}`;
  return overQuotaMs === 0
    ? `within its ${quota} for ${formatDuration(recordedMs)} (${upTo})`
    : `over its ${quota} for ${formatDuration(overQuotaMs)} of ${formatDuration(recordedMs)} (${upTo})`;
}

function restartWords({ restarts }: DynoSummary, startMs: number): string {
  const [first] = restarts;
  if (first === undefined) return 'would not have been restarted';
  const after = formatDuration(first.timeMs - startMs);
  return `would have been restarted ${times(restarts.length)}, ${restarts.length === 1 ? '' : 'first '}after ${after}`;
}

function times(count: number): string {
  return count === 1 ? 'once' : count === 2 ? 'twice' : `${count} times`;
}
