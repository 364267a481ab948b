import type { Decision } from '../../model/decision.ts';
import type { Judged } from '../replay.ts';
import {
  byTime,
  type Frame,
  judgedUntilMs,
  LEFT_PX,
  type Panel,
  PLOT_WIDTH_PX,
  type Reading,
  xOf,
  yOf,
} from './frame.ts';

export const FLOOR_COLOUR = '#8e44ad';
/** Wider than the usage, which is drawn over it. */
export const FLOOR_STROKE = `stroke="${FLOOR_COLOUR}" stroke-width="3.2"`;
export const USAGE_STROKE = 'stroke="#0b5394" stroke-width="1.2"';

export function drawFloors(frame: Frame): readonly string[] {
  const runs = runsOf(frame.panel, ({ floorBytes }) => floorBytes, judgedUntilMs(frame.panel));
  return runs.map((run) => drawLine('floor', frame, run, FLOOR_STROKE));
}

export function drawUsage(frame: Frame): string {
  return drawLine('usage', frame, thin(frame.panel.usage, frame), USAGE_STROKE);
}

/**
 * A value of the decisions over time: one run for each stretch of a boot in which it is known. The last one holds until
 * `endMs`.
 */
export function runsOf(
  { judged }: Panel,
  bytesOf: (decision: Decision) => number | null,
  endMs: number,
): readonly (readonly Reading[])[] {
  const newestMs = judged.at(-1)?.decision.timeMs;
  return runsOfJudged(judged, bytesOf).map((run) => {
    const last = run.at(-1);
    return last === undefined || last.timeMs !== newestMs ? run : [...run, { timeMs: endMs, bytes: last.bytes }];
  });
}

function runsOfJudged(
  judged: readonly Judged[],
  bytesOf: (decision: Decision) => number | null,
): readonly (readonly Reading[])[] {
  const runs: Reading[][] = [];
  let bootId: string | null = null;
  for (const { decision } of judged) {
    const bytes = bytesOf(decision);
    if (bytes !== null && bootId !== decision.bootId) runs.push([]);
    bootId = bytes === null ? null : decision.bootId;
    if (bytes !== null) runs.at(-1)?.push({ timeMs: decision.timeMs, bytes });
  }
  return runs;
}

/** Keeps the lowest and the highest reading of each column of pixels, so that no spike is lost. */
function thin(readings: readonly Reading[], frame: Frame): readonly Reading[] {
  if (readings.length <= 2 * PLOT_WIDTH_PX) return readings;
  const columns = new Map<number, { low: Reading; high: Reading }>();
  for (const reading of readings) {
    const column = Math.min(PLOT_WIDTH_PX - 1, Math.floor(xOf(frame, reading.timeMs) - LEFT_PX));
    const { low, high } = columns.get(column) ?? { low: reading, high: reading };
    columns.set(column, {
      low: reading.bytes < low.bytes ? reading : low,
      high: reading.bytes > high.bytes ? reading : high,
    });
  }
  return [...columns.values()].flatMap(({ low, high }) => (low === high ? [low] : [low, high].sort(byTime)));
}

/** `name` is its CSS class. */
export function drawLine(name: string, frame: Frame, readings: readonly Reading[], stroke: string): string {
  const points = readings.map(({ timeMs, bytes }) => `${xOf(frame, timeMs)},${yOf(frame, bytes)}`);
  return `<polyline class="${name}" fill="none" stroke-linejoin="round" ${stroke} points="${points.join(' ')}"/>`;
}
