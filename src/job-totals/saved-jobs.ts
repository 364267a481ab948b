import { GROWTH_BOUNDS, JOB_KNOWN, type JobFigure, type JobKnown, type JobPoint } from '../model/job-point.ts';
import type { BootJobs } from './boot-jobs.ts';
import { byNetGrowth, NOW_MS } from './figures.ts';
import { SeriesTotal } from './series.ts';

/** What jobs did in one boot, as it is kept in Redis. Memory in bytes. */

interface SavedSeries {
  readonly figure: JobFigure;
  readonly queue: string;
  readonly name: string;
  readonly known: JobKnown;
  readonly timeMs: number;
  readonly value: number;
  /** One number for histograms whose buckets are unknown, else one more than `GROWTH_BOUNDS`. */
  readonly growth: { readonly counts: readonly number[]; readonly sum: number; readonly max: number | null } | null;
}

interface SavedJobs {
  readonly startMs: number;
  /** Job names that found no room, here or before. */
  readonly leftOut: number;
  readonly series: readonly SavedSeries[];
}

/** About twenty job names. */
const MAX_LENGTH = 8 * 1024;
/** Names come from the measured side, which cuts them far below this. */
const MAX_NAME_LENGTH = 1024;

/** The names that grew most; those that do not fit are counted. Null where nothing was measured. */
export function writeJobs(boot: BootJobs): string | null {
  // Each name's series are put into text once: of most boots nothing is left out, and the texts are joined.
  const names = new Map<string, string>();
  for (const [key, ofName] of summed(boot)) names.set(key, JSON.stringify(ofName.map(savedSeries)).slice(1, -1));
  const whole = [...names.values()].join();
  if (whole === '') return null;
  if (whole.length <= MAX_LENGTH) return textOf(boot, whole, boot.leftOut);
  const kept: string[] = [];
  let length = 0;
  for (const key of byNetGrowth(boot, names.keys())) {
    const ofName = names.get(key) ?? '';
    if (length + ofName.length > MAX_LENGTH) continue;
    length += ofName.length;
    kept.push(ofName);
  }
  return kept.length === 0 ? null : textOf(boot, kept.join(), boot.leftOut + names.size - kept.length);
}

/** `SavedJobs` whose series are text already. */
function textOf({ startMs }: BootJobs, series: string, leftOut: number): string {
  return `{"startMs":${JSON.stringify(startMs)},"leftOut":${leftOut},"series":[${series}]}`;
}

/** By name, of all processes together. What a process that fell silent ran then is not what runs now. */
function summed(boot: BootJobs): ReadonlyMap<string, readonly SeriesTotal[]> {
  const names = new Map<string, SeriesTotal[]>();
  for (const series of boot.series()) {
    const { figure, labels, timeMs } = series;
    if ((figure === 'active' || figure === 'held') && boot.lastMs - timeMs > NOW_MS) continue;
    const key = `${labels.queue}\0${labels.name}`;
    const ofName = names.get(key) ?? [];
    names.set(key, ofName);
    let sum = ofName.find((other) => other.figure === figure && other.labels.known === labels.known);
    if (sum === undefined) {
      sum = new SeriesTotal(figure, labels);
      ofName.push(sum);
    }
    sum.absorb(series);
  }
  return names;
}

function savedSeries({ figure, labels: { queue, name, known }, timeMs, value, growth }: SeriesTotal): SavedSeries {
  if (growth === null) return { figure, queue, name, known, timeMs, value, growth };
  const { counts, unplaced, sum, max } = growth.view();
  const all = unplaced === 0 ? counts : [counts.reduce((total, count) => total + count, unplaced)];
  return { figure, queue, name, known, timeMs, value, growth: { counts: all, sum, max } };
}

/**
 * The points that bring the sums of a boot back. Null where the text is damaged, of another version, or from after
 * `latestMs` (Unix ms).
 */
export function readJobs(
  json: string,
  latestMs: number,
): { readonly points: readonly JobPoint[]; readonly leftOut: number } | null {
  // Some more than what is written: boot and numbers around the series.
  if (json.length > 2 * MAX_LENGTH) return null;
  try {
    const { startMs, leftOut, series } = JSON.parse(json) as SavedJobs;
    const isWhole = isAmount(startMs) && isAmount(leftOut) && series.every((one) => isSeries(one, latestMs));
    if (!isWhole) return null;
    return { points: series.map((one, at) => pointOf(one, at, startMs)), leftOut };
  } catch {
    return null;
  }
}

function pointOf({ queue, name, known, growth, ...point }: SavedSeries, seriesId: number, startMs: number): JobPoint {
  return {
    ...point,
    seriesId,
    startMs,
    isDelta: true,
    growth: growth === null ? null : { ...growth, bounds: growth.counts.length === 1 ? [] : GROWTH_BOUNDS },
    labels: () => ({ queue, name, known }),
  };
}

const FIGURES: readonly string[] = ['net', 'growth', 'runs', 'active', 'held'] satisfies JobFigure[];

function isSeries({ figure, queue, name, known, timeMs, value, growth }: SavedSeries, latestMs: number): boolean {
  return (
    FIGURES.includes(figure) &&
    [queue, name].every((text) => typeof text === 'string' && text.length <= MAX_NAME_LENGTH) &&
    JOB_KNOWN.includes(known) &&
    isAmount(timeMs) &&
    timeMs <= latestMs &&
    isNumber(value) &&
    (growth === null || isGrowth(growth))
  );
}

function isGrowth({ counts, sum, max }: NonNullable<SavedSeries['growth']>): boolean {
  const isFull = counts.length === 1 || counts.length === GROWTH_BOUNDS.length + 1;
  return isFull && counts.every(isAmount) && isNumber(sum) && (max === null || isNumber(max));
}

function isNumber(value: unknown): value is number {
  return typeof value === 'number' && Math.abs(value) <= Number.MAX_SAFE_INTEGER;
}

function isAmount(value: unknown): value is number {
  return isNumber(value) && value >= 0;
}
