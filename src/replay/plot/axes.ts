import { formatBytes } from '../../model/text/format.ts';
import { type Frame, LEFT_PX, PLOT_HEIGHT_PX, PLOT_RIGHT_PX, xOf, yOf } from './frame.ts';
import { line, text } from './svg.ts';

export function drawAxes(frame: Frame): readonly string[] {
  const bottomPx = frame.topPx + PLOT_HEIGHT_PX;
  const memory = ticksOf(frame.maxBytes, memoryStep(frame.maxBytes)).map((bytes) => {
    const y = yOf(frame, bytes);
    const gridLine = line(LEFT_PX, y, PLOT_RIGHT_PX, y, 'stroke="#000000" stroke-opacity="0.12"');
    return gridLine + text(LEFT_PX - 6, y + 4, formatBytes(bytes), 'text-anchor="end" fill="#333333"');
  });
  const stepMs = timeStep(frame.spanMs);
  const time = ticksOf(frame.spanMs, stepMs).map((afterMs) => {
    const x = xOf(frame, frame.panel.startMs + afterMs);
    const tick = line(x, bottomPx, x, bottomPx + 4, 'stroke="#333333"');
    return tick + text(x, bottomPx + 16, timeLabel(afterMs, stepMs), 'text-anchor="middle" fill="#333333"');
  });
  return [
    ...memory,
    ...time,
    line(LEFT_PX, bottomPx, PLOT_RIGHT_PX, bottomPx, 'stroke="#333333"'),
    line(LEFT_PX, frame.topPx, LEFT_PX, bottomPx, 'stroke="#333333"'),
    text(PLOT_RIGHT_PX + 30, bottomPx + 16, 'since the start', 'fill="#333333"'),
  ];
}

const TIME_UNITS = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['min', 60_000],
  ['s', 1000],
] as const;
const MAX_TIME_TICKS = 10;
const MAX_MEMORY_TICKS = 7;

function timeStep(spanMs: number): number {
  const steps = [...[1, 5, 10, 30].map((s) => s * 1000), ...[1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720].map(minutes)];
  let stepMs = steps.find((candidate) => spanMs / candidate <= MAX_TIME_TICKS) ?? minutes(1440);
  while (spanMs / stepMs > MAX_TIME_TICKS) stepMs *= 2;
  return stepMs;
}

function minutes(count: number): number {
  return count * 60_000;
}

/** Powers of two, as quotas are. */
function memoryStep(maxBytes: number): number {
  return Math.max(1024 ** 2, 2 ** Math.ceil(Math.log2(maxBytes / MAX_MEMORY_TICKS)));
}

function ticksOf(max: number, step: number): readonly number[] {
  return Array.from({ length: Math.floor(max / step) + 1 }, (_, index) => index * step);
}

/** All ticks of an axis use one unit: `90 min`, not `1.5 h`, if the others are minutes. */
function timeLabel(afterMs: number, stepMs: number): string {
  const [unit, sizeMs] = TIME_UNITS.find(([, size]) => stepMs >= size) ?? ['s', 1000];
  return afterMs === 0 ? '0' : `${Math.round(afterMs / sizeMs)} ${unit}`;
}
