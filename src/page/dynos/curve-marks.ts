import type uPlot from 'uplot';
import type { Mark as ApiMark } from '../../web/schema/fields.ts';
import { palette } from '../view/theme.ts';

type Mark = Pick<ApiMark, 'kind' | 'time_ms'>;

interface Limits {
  readonly limitBytes: number | null;
  readonly softLimitBytes: number | null;
}

/** 80 % dashed and 100 % solid, under the curve. */
export function drawLimits(plot: uPlot, { limitBytes, softLimitBytes }: Limits): void {
  const { limit, softLimit } = palette();
  drawLine(plot, limitBytes, limit, []);
  drawLine(plot, softLimitBytes, softLimit, [4, 4]);
}

function drawLine(plot: uPlot, bytes: number | null, colour: string, dash: readonly number[]): void {
  if (bytes === null) return;
  const { ctx, bbox } = plot;
  const y = Math.round(plot.valToPos(bytes, 'y', true)) + 0.5;
  if (y < bbox.top) return;
  ctx.save();
  ctx.strokeStyle = colour;
  ctx.lineWidth = devicePixelRatio;
  ctx.setLineDash(dash.map((length) => length * devicePixelRatio));
  ctx.beginPath();
  ctx.moveTo(bbox.left, y);
  ctx.lineTo(bbox.left + bbox.width, y);
  ctx.stroke();
  ctx.restore();
}

/** Restarts are triangles that point down (hollow in dry run), deploys diamonds, other boots ticks, R14 bars. */
export function drawMarks(plot: uPlot, marks: readonly Mark[]): void {
  for (const { kind, time_ms } of marks) {
    const x = Math.round(plot.valToPos(time_ms / 1000, 'x', true));
    if (x < plot.bbox.left || x > plot.bbox.left + plot.bbox.width) continue;
    DRAWN[kind](plot, x);
  }
}

type Draw = (plot: uPlot, x: number) => void;
type Corners = readonly (readonly [x: number, y: number])[];

const TRIANGLE: Corners = [
  [-5, 0],
  [5, 0],
  [0, 8],
];
const DIAMOND: Corners = [
  [0, 0],
  [4.5, 4.5],
  [0, 9],
  [-4.5, 4.5],
];
const BAR: Corners = [
  [-3, 0],
  [3, 0],
  [3, 4],
  [-3, 4],
];

const DRAWN: Readonly<Record<Mark['kind'], Draw>> = {
  restart: (plot, x) => {
    drawPole(plot, x, palette().restart);
    drawShape(plot, x, palette().restart, TRIANGLE, 'fill');
  },
  'dry-restart': (plot, x) => drawShape(plot, x, palette().restart, TRIANGLE, 'stroke'),
  deploy: (plot, x) => {
    drawPole(plot, x, palette().deploy);
    drawShape(plot, x, palette().deploy, DIAMOND, 'fill');
  },
  boot: (plot, x) => drawPole(plot, x, palette().deploy),
  'over-limit': (plot, x) => drawShape(plot, x, palette().act, BAR, 'fill'),
};

function drawPole({ ctx, bbox }: uPlot, x: number, colour: string): void {
  ctx.save();
  ctx.strokeStyle = colour;
  ctx.lineWidth = devicePixelRatio;
  ctx.globalAlpha = 0.55;
  ctx.beginPath();
  ctx.moveTo(x, bbox.top);
  ctx.lineTo(x, bbox.top + bbox.height);
  ctx.stroke();
  ctx.restore();
}

/** @param corners in CSS pixels from the top of the plot at `x` */
function drawShape({ ctx, bbox }: uPlot, x: number, colour: string, corners: Corners, how: 'fill' | 'stroke'): void {
  ctx.save();
  ctx.fillStyle = colour;
  ctx.strokeStyle = colour;
  ctx.lineWidth = 1.4 * devicePixelRatio;
  ctx.beginPath();
  for (const [dx, dy] of corners) ctx.lineTo(x + dx * devicePixelRatio, bbox.top + dy * devicePixelRatio);
  ctx.closePath();
  ctx[how]();
  ctx.restore();
}
