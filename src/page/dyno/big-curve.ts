import type uPlotClass from 'uplot';
import type { DynoDetail } from '../../web/schema/dyno.ts';
import { drawLimits, drawMarks } from '../dynos/curve-marks.ts';
import { sizeWords } from '../model/words/sizes.ts';
import { clockWords, secondsClockWords } from '../model/words/times.ts';
import { element } from '../view/dom.ts';
import { onThemeChange, palette } from '../view/theme.ts';

declare const uPlot: typeof uPlotClass;

type LifeCurve = DynoDetail['curve'];

const MEMORY_HEIGHT = 220;
const JOBS_HEIGHT = 96;
/** Both charts begin at the same place, whatever their labels. */
const AXIS_SIZE = 62;

/** The life of a boot: memory above, jobs running below, on one time axis. */
export function createLifeCurves() {
  const readout = element('p', { class: 'readout', attributes: { 'aria-hidden': 'true' } });
  const charts = element('div', { class: 'life-charts' });
  const node = element('div', { class: 'life', attributes: { role: 'img' } }, readout, charts);
  let detail: DynoDetail | null = null;
  let plots: readonly uPlotClass[] = [];
  const hovered = (plot: uPlotClass) => {
    readout.textContent = detail === null ? '' : readoutWords(detail, plot.cursor.idx ?? null);
  };
  const build = (of: DynoDetail) => {
    for (const plot of plots) plot.destroy();
    const width = Math.max(200, charts.clientWidth);
    plots = [memoryPlot(of, width, hovered, charts), jobsPlot(of.curve, width, hovered, charts)];
  };
  const resized = new ResizeObserver(() => {
    for (const plot of plots) plot.setSize({ width: Math.max(200, charts.clientWidth), height: plot.height });
  });
  onThemeChange(() => {
    if (detail !== null && plots.length > 0) build(detail);
  });
  return {
    node,
    show: (next: DynoDetail) => {
      const isSame = detail?.boot_id === next.boot_id && plots.length > 0;
      // While somebody points at the curve, nothing moves away under the pointer.
      if (isSame && (charts.matches(':hover') || plots.some(isZoomed))) return;
      detail = next;
      node.setAttribute('aria-label', labelOf(next));
      readout.textContent = readoutWords(next, null);
      build(next);
      resized.observe(charts);
    },
    close: () => {
      resized.disconnect();
      for (const plot of plots) plot.destroy();
      plots = [];
    },
  };
}

function isZoomed({ scales, data }: uPlotClass): boolean {
  const [times] = data;
  return (scales.x?.min ?? 0) > (times[0] ?? 0) || (scales.x?.max ?? 0) < (times.at(-1) ?? 0);
}

function memoryPlot(of: DynoDetail, width: number, hovered: (plot: uPlotClass) => void, parent: HTMLElement) {
  const { curve, marks, limit_bytes, soft_limit_bytes } = of;
  const limits = { limitBytes: limit_bytes, softLimitBytes: soft_limit_bytes };
  const peak = Math.max(limit_bytes ?? 0, ...curve.usage_bytes.map((bytes) => bytes ?? 0));
  const size = (bytes: number) => sizeWords(bytes);
  return new uPlot(
    {
      ...common(width, MEMORY_HEIGHT),
      axes: [{ show: false }, { ...axis((_, splits) => splits.map(size)), incrs: SIZE_STEPS }],
      scales: { x: { time: true }, y: { range: () => [0, Math.max(1, peak * 1.1)] } },
      series: [
        {},
        { stroke: palette().usage, fill: palette().usageFill, width: 1.5, points: { show: false } },
        { stroke: palette().floor, width: 3, points: { show: false } },
      ],
      hooks: {
        drawAxes: [(plot) => drawLimits(plot, limits)],
        draw: [(plot) => drawMarks(plot, marks)],
        setCursor: [hovered],
      },
    },
    [curve.times_ms.map((ms) => ms / 1000), curve.usage_bytes, curve.floor_bytes],
    parent,
  );
}

function jobsPlot(curve: LifeCurve, width: number, hovered: (plot: uPlotClass) => void, parent: HTMLElement) {
  const most = Math.max(1, ...curve.active_jobs.map((jobs) => jobs ?? 0));
  const whole = (value: number) => (Number.isInteger(value) ? `${value} ${value === 1 ? 'job' : 'jobs'}` : '');
  const stepped = uPlot.paths.stepped?.({ align: 1 });
  return new uPlot(
    {
      ...common(width, JOBS_HEIGHT),
      axes: [
        { ...axis(TIME_LABELS), size: 26 },
        { ...axis((_, splits) => splits.map(whole)), incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000], space: 26 },
      ],
      scales: { x: { time: true }, y: { range: () => [0, most * 1.15] } },
      series: [
        {},
        {
          stroke: palette().jobs,
          fill: palette().jobsFill,
          width: 1.25,
          points: { show: false },
          ...(stepped === undefined ? {} : { paths: stepped }),
        },
      ],
      hooks: { setCursor: [hovered] },
    },
    [curve.times_ms.map((ms) => ms / 1000), curve.active_jobs],
    parent,
  );
}

function common(width: number, height: number) {
  return {
    width,
    height,
    padding: [8, 10, 8, 0] as uPlotClass.Padding,
    legend: { show: false },
    cursor: { y: false, points: { show: false }, drag: { x: true, y: false, dist: 6 }, sync: { key: 'life' } },
  };
}

function axis(words: NonNullable<uPlotClass.Axis['values']>): uPlotClass.Axis {
  const line = { stroke: palette().grid, width: 1 };
  return {
    stroke: palette().text,
    font: '12px system-ui, sans-serif',
    grid: line,
    ticks: { ...line, size: 4 },
    size: AXIS_SIZE,
    values: words,
  };
}

/** Round in MB, not in millions of bytes: 1 MB to 64 GB. */
const SIZE_STEPS = Array.from({ length: 17 }, (_, power) => 2 ** (20 + power));

/** Hours and minutes of a day's clock; seconds too where the labels are less than a minute apart. */
const TIME_LABELS: uPlotClass.Axis.DynamicValues = (_, splits, __, ___, stepS) =>
  splits.map((seconds) =>
    stepS < 60 ? secondsClockWords(seconds * 1000) : clockWords(seconds * 1000, seconds * 1000),
  );

function readoutWords({ curve, limit_bytes }: DynoDetail, index: number | null): string {
  const at = index ?? curve.times_ms.length - 1;
  const time = curve.times_ms[at];
  if (time === undefined) return 'No measurements yet.';
  const usage = curve.usage_bytes[at] ?? null;
  const jobs = curve.active_jobs[at] ?? null;
  const limit = limit_bytes === null ? '' : ` of ${sizeWords(limit_bytes)}`;
  const floor = `floor ${sizeWords(curve.floor_bytes[at] ?? null)}`;
  return [
    clockWords(time, Date.now()),
    `usage ${sizeWords(usage)}${limit}`,
    floor,
    jobs === null ? null : `${jobs} jobs`,
  ]
    .filter((part) => part !== null)
    .join(' · ');
}

/** What the picture shows, for people who cannot see it. */
function labelOf({ dyno, curve, limit_bytes, marks }: DynoDetail): string {
  const usages = curve.usage_bytes.filter((bytes) => bytes !== null);
  if (usages.length === 0) return `No measurements of ${dyno} yet`;
  const last = usages.at(-1) ?? null;
  const limit = limit_bytes === null ? '' : `, limit ${sizeWords(limit_bytes)}`;
  const events = marks.length === 0 ? '' : `, ${marks.length} events`;
  const range = `from ${sizeWords(Math.min(...usages))} to ${sizeWords(Math.max(...usages))}`;
  return `Memory of ${dyno} ${range}, now ${sizeWords(last)}${limit}${events}`;
}
