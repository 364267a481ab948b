import { drawAxes } from './plot/axes.ts';
import { drawBands } from './plot/bands.ts';
import { drawFloors, drawUsage } from './plot/curves.ts';
import {
  byTime,
  frameOf,
  LEFT_PX,
  type Loop,
  MARGIN_PX,
  type Panel,
  PLOT_HEIGHT_PX,
  type Reading,
  WIDTH_PX,
} from './plot/frame.ts';
import { drawLegend } from './plot/legend.ts';
import { drawLimits } from './plot/limits.ts';
import { drawRestarts } from './plot/restarts.ts';
import { drawSteps } from './plot/steps.ts';
import { type Drawn, escapeXml, FONT_PX, text } from './plot/svg.ts';
import { listOf } from './plot/words.ts';
import type { Judged } from './replay.ts';
import type { SeriesRow } from './series-file.ts';

export type { Panel } from './plot/frame.ts';

const TITLE_PX = 24;
const TITLE_COLUMNS = 110;
/** Space above the plot for the names of the restarts. */
const STRIP_PX = 18;
const AXIS_PX = 28;
const LINE_PX = 16;
const GAP_PX = 26;

/** One panel for each dyno of a file, in order of first appearance. */
export function panelsOf(file: string, rows: readonly SeriesRow[], judged: readonly Judged[]): readonly Panel[] {
  const times = rows.map(({ timeMs }) => timeMs).reduce(widen, null) ?? [0, 0];
  const dynos = [...new Set(rows.map(({ dyno }) => dyno))];
  return dynos.map((dyno) => ({
    title: dyno === null ? file : `${file} · ${dyno}`,
    startMs: times[0],
    endMs: times[1],
    usage: rows
      .filter((row) => row.dyno === dyno)
      .map(readingOf)
      .sort(byTime),
    judged: judged
      .filter(({ decision }) => decision.dyno === (dyno ?? 'dyno'))
      .sort((one, other) => byTime(one.decision, other.decision)),
  }));
}

/** Draws the panels one below the other: an SVG document. */
export function plotSvg(panels: readonly Panel[], loop: Loop = 'open'): string {
  const legend = drawLegend(panels, loop);
  const body: string[] = [legend.svg];
  let topPx = legend.heightPx;
  for (const panel of panels) {
    const drawn = drawPanel(panel, { topPx, loop });
    body.push(drawn.svg);
    topPx += drawn.heightPx;
  }
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH_PX} ${topPx}" width="${WIDTH_PX}" ` +
      `height="${topPx}" role="img" font-family="system-ui, 'DejaVu Sans', sans-serif" font-size="${FONT_PX}">`,
    `<title>${escapeXml(`Tidemark replay: ${panels.map(({ title }) => title).join(', ')}`)}</title>`,
    `<rect width="${WIDTH_PX}" height="${topPx}" fill="#ffffff"/>`,
    ...body,
    '</svg>',
    '',
  ].join('\n');
}

function drawPanel(panel: Panel, { topPx, loop }: { readonly topPx: number; readonly loop: Loop }): Drawn {
  const frame = frameOf(panel, topPx + TITLE_PX + STRIP_PX);
  const listTopPx = frame.topPx + PLOT_HEIGHT_PX + AXIS_PX;
  const lines = listOf(panel, loop);
  // Later elements are drawn over earlier ones.
  const svg = [
    '<g class="panel">',
    text(LEFT_PX, topPx + 14, shorten(panel.title), 'font-size="13" font-weight="bold"'),
    ...drawBands(frame),
    ...drawAxes(frame),
    ...drawLimits(frame),
    ...drawFloors(frame),
    drawUsage(frame),
    ...drawSteps(frame),
    ...drawRestarts(frame),
    ...lines.map((line, index) => text(MARGIN_PX, listTopPx + (index + 1) * LINE_PX, line, 'xml:space="preserve"')),
    '</g>',
  ].join('\n');
  return { svg, heightPx: listTopPx + lines.length * LINE_PX + GAP_PX - topPx };
}

/** Keeps the end of a path, which says more than its beginning. */
function shorten(title: string): string {
  return title.length <= TITLE_COLUMNS ? title : `…${title.slice(1 - TITLE_COLUMNS)}`;
}

function readingOf({ timeMs, rssBytes, swapBytes }: SeriesRow): Reading {
  return { timeMs, bytes: rssBytes + (swapBytes ?? 0) };
}

type Span = readonly [fromMs: number, toMs: number];

/** `Math.min(...times)` would overflow the stack for a long series. */
function widen(span: Span | null, timeMs: number): Span {
  return span === null ? [timeMs, timeMs] : [Math.min(span[0], timeMs), Math.max(span[1], timeMs)];
}
