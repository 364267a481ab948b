import type uPlotClass from 'uplot';
import type { Curve as ApiCurve, Mark } from '../../web/schema/fields.ts';
import type { TimeRange } from '../model/axis.ts';
import { onThemeChange, palette } from '../view/theme.ts';
import { drawLimits, drawMarks } from './curve-marks.ts';

/** From /page/uplot.js, which index.html loads before this module. */
declare const uPlot: typeof uPlotClass;

/** Memory over time with its limits, in bytes, and what happened meanwhile. */
interface CurveData {
  readonly curve: ApiCurve | null;
  readonly limitBytes: number | null;
  readonly softLimitBytes: number | null;
  readonly marks: readonly Mark[];
}

const NO_CURVE: CurveData = {
  curve: null,
  limitBytes: null,
  softLimitBytes: null,
  marks: [],
};

export interface CurveEvents {
  /** The pointer is at a moment (Unix ms), or has left (null). */
  onHover(timeMs: number | null): void;
  /** A drag selected this stretch (Unix ms). */
  onZoom(aMs: number, bMs: number): void;
  /** A double click. */
  onReset(): void;
}

export interface Curve {
  readonly node: HTMLElement;
  show(data: CurveData, range: TimeRange): void;
  resize(width: number, height: number): void;
  /** A curve that is thrown away must be destroyed: it listens to window and theme. */
  destroy(): void;
}

/** One uPlot: usage thin, floor thick, limits dashed, marks on top. All curves with one key share the crosshair. */
export function createCurve(key: string, width: number, height: number, events: CurveEvents): Curve {
  let data = NO_CURVE;
  let range: TimeRange = { fromMs: 0, toMs: 1 };
  const node = document.createElement('div');
  node.className = 'curve';
  node.setAttribute('aria-hidden', 'true');
  const shown = () => ({ data, range });
  const plot = new uPlot({ width, height, ...optionsOf(key, shown, events) }, dataOf(data), node);
  const endTheme = onThemeChange(() => plot.redraw(false));
  plot.over.addEventListener('dblclick', () => events.onReset());
  return {
    node,
    show: (next, over) => {
      data = next;
      range = over;
      plot.setData(dataOf(next));
    },
    resize: (toWidth, toHeight) => {
      if (toWidth !== plot.width || toHeight !== plot.height) plot.setSize({ width: toWidth, height: toHeight });
    },
    destroy: () => {
      endTheme();
      plot.destroy();
    },
  };
}

/** @param shown what the curve shows when it is drawn */
function optionsOf(
  key: string,
  shown: () => { readonly data: CurveData; readonly range: TimeRange },
  events: CurveEvents,
): Omit<uPlotClass.Options, 'width' | 'height'> {
  return {
    padding: [6, 0, 2, 0],
    legend: { show: false },
    axes: [{ show: false }, { show: false }],
    scales: {
      x: { time: true, range: () => [shown().range.fromMs / 1000, shown().range.toMs / 1000] },
      y: { range: () => [0, ceilingOf(shown().data)] },
    },
    series: [
      {},
      { stroke: () => palette().usage, fill: () => palette().usageFill, width: 1.25, points: { show: false } },
      { stroke: () => palette().floor, width: 2.75, points: { show: false } },
    ],
    cursor: {
      y: false,
      points: { show: false },
      drag: { x: true, y: false, setScale: false, dist: 6 },
      sync: { key, setSeries: false },
    },
    hooks: {
      drawClear: [(at) => drawLimits(at, shown().data)],
      draw: [(at) => drawMarks(at, shown().data.marks)],
      setCursor: [(at) => hovered(at, events)],
      setSelect: [(at) => selected(at, events)],
    },
  };
}

/** uPlot wants seconds. */
function dataOf({ curve }: CurveData): uPlotClass.AlignedData {
  if (curve === null) return [[], [], []];
  return [curve.times_ms.map((ms) => ms / 1000), curve.usage_bytes, curve.floor_bytes];
}

/** The limit is near the top of each row, so that rows can be compared; what goes over it is shown in full. */
function ceilingOf({ curve, limitBytes }: CurveData): number {
  let peak = 0;
  for (const bytes of curve?.usage_bytes ?? []) if (bytes !== null && bytes > peak) peak = bytes;
  return Math.max(1, (limitBytes ?? 0) * 1.12, peak * 1.08);
}

/** Only the curve under the pointer reports; the others follow by uPlot's sync. */
function hovered(plot: uPlotClass, { onHover }: CurveEvents): void {
  if (plot.cursor.event === undefined || plot.cursor.event === null) return;
  const left = plot.cursor.left ?? -1;
  onHover(left < 0 ? null : plot.posToVal(left, 'x') * 1000);
}

function selected(plot: uPlotClass, { onZoom }: CurveEvents): void {
  const { left, width } = plot.select;
  if (width <= 0) return;
  onZoom(plot.posToVal(left, 'x') * 1000, plot.posToVal(left + width, 'x') * 1000);
  plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
}
