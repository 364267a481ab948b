import type { Decision } from '../../model/decision.ts';
import type { Judged } from '../replay.ts';
import { byTime, type Frame, LEFT_PX, type Panel, PLOT_WIDTH_PX, type Reading, xOf, yOf } from './frame.ts';

export const FLOOR_COLOUR = '#8e44ad';
/** The floor lies beneath the usage, and is wider. */
export const FLOOR_STROKE = `stroke="${FLOOR_COLOUR}" stroke-width="3.2"`;
export const USAGE_STROKE = 'stroke="#0b5394" stroke-width="1.2"';

export function drawFloors(frame: Frame): readonly string[] {
  return runsOf(frame.panel, ({ floorBytes }) => floorBytes).map((run) => drawLine('floor', frame, run, FLOOR_STROKE));
}

export function drawUsage(frame: Frame): string {
  return drawLine('usage', frame, thin(frame.panel.usage, frame), USAGE_STROKE);
}

/** What is known of a value over time; it breaks off where it is not, and where a boot ends. The last judgement holds until the dyno's last row. */
export function runsOf(panel: Panel, bytesOf: (decision: Decision) => number | null): readonly (readonly Reading[])[] {
  return runsOfJudged(panel.judged, bytesOf).map((run) => untilEnd(run, panel));
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

function untilEnd(run: readonly Reading[], { judged, usage }: Panel): readonly Reading[] {
  const [last, end] = [run.at(-1), usage.at(-1)];
  if (last === undefined || end === undefined || last.timeMs !== judged.at(-1)?.decision.timeMs) return run;
  return [...run, { timeMs: end.timeMs, bytes: last.bytes }];
}

/** The lowest and the highest of each column of pixels: no spike is lost. */
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
