/** The part of time that all curves show, in Unix ms. */
export interface TimeRange {
  readonly fromMs: number;
  readonly toMs: number;
}

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const STEPS_MS = [
  1000,
  2000,
  5000,
  10_000,
  15_000,
  30_000,
  MINUTE_MS,
  2 * MINUTE_MS,
  5 * MINUTE_MS,
  10 * MINUTE_MS,
  15 * MINUTE_MS,
  30 * MINUTE_MS,
  HOUR_MS,
  2 * HOUR_MS,
  3 * HOUR_MS,
  6 * HOUR_MS,
  12 * HOUR_MS,
  24 * HOUR_MS,
  48 * HOUR_MS,
  168 * HOUR_MS,
];

export interface Tick {
  readonly timeMs: number;
  /** From 0 (left) to 1 (right). */
  readonly at: number;
  readonly label: string;
}

/**
 * Round times in the range, at most `max` of them.
 *
 * @param offsetMs how far the reader's clock is ahead of UTC, so that ticks fall on their full hours
 */
export function ticksOf({ fromMs, toMs }: TimeRange, max: number, offsetMs: number): readonly Tick[] {
  const span = toMs - fromMs;
  if (!(span > 0)) return [];
  const step = STEPS_MS.find((ms) => span / ms <= max) ?? Math.ceil(span / max);
  const ticks: Tick[] = [];
  for (let time = Math.ceil((fromMs + offsetMs) / step) * step - offsetMs; time <= toMs; time += step)
    ticks.push({ timeMs: time, at: (time - fromMs) / span, label: labelOf(time + offsetMs, step) });
  return ticks;
}

function labelOf(localMs: number, stepMs: number): string {
  const text = new Date(localMs).toISOString();
  if (stepMs >= 24 * HOUR_MS || localMs % (24 * HOUR_MS) === 0) return text.slice(5, 10).replace('-', '/');
  return stepMs < MINUTE_MS ? text.slice(11, 19) : text.slice(11, 16);
}

/** The shortest stretch that a drag may zoom to. */
const MIN_RANGE_MS = 30_000;

/** What a drag selected, never shorter than half a minute. Null for a drag that was a click. */
export function zoomOf(aMs: number, bMs: number): TimeRange | null {
  const [fromMs, toMs] = aMs < bMs ? [aMs, bMs] : [bMs, aMs];
  if (toMs - fromMs < 1) return null;
  const missing = Math.max(0, MIN_RANGE_MS - (toMs - fromMs)) / 2;
  return { fromMs: fromMs - missing, toMs: toMs + missing };
}

/** The place of the moment nearest to `timeMs` in sorted times; null without any. */
export function nearestIndex(times: readonly number[], timeMs: number): number | null {
  if (times.length === 0) return null;
  let low = 0;
  let high = times.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((times[middle] ?? 0) < timeMs) low = middle + 1;
    else high = middle;
  }
  const after = times[low] ?? 0;
  const before = times[low - 1];
  return before !== undefined && timeMs - before < after - timeMs ? low - 1 : low;
}

/** The spans that the reader chooses from. `auto` fits them to what is known. */
export const SPANS = {
  auto: { label: 'Auto', ms: null },
  '15m': { label: '15 min', ms: 15 * MINUTE_MS },
  '1h': { label: '1 h', ms: HOUR_MS },
  '6h': { label: '6 h', ms: 6 * HOUR_MS },
  '24h': { label: '24 h', ms: 24 * HOUR_MS },
} as const;
export type SpanName = keyof typeof SPANS;

const AUTO_SPANS_MS = [2 * MINUTE_MS, 5 * MINUTE_MS, 15 * MINUTE_MS, HOUR_MS, 3 * HOUR_MS, 6 * HOUR_MS];
const MAX_AUTO_SPAN_MS = 6 * HOUR_MS;
/** A range that ends now moves in steps, this many to its width, so that rows are not drawn again each second. */
const MOVES_PER_SPAN = 300;

/**
 * The range that ends now.
 *
 * @param oldestMs the oldest moment of all curves; null without any
 */
export function liveRange(name: SpanName, oldestMs: number | null, nowMs: number): TimeRange {
  const known = nowMs - (oldestMs ?? nowMs);
  const span = SPANS[name].ms ?? AUTO_SPANS_MS.find((ms) => ms >= known) ?? MAX_AUTO_SPAN_MS;
  const move = span / MOVES_PER_SPAN;
  const toMs = Math.ceil(nowMs / move) * move;
  return { fromMs: toMs - span, toMs };
}
