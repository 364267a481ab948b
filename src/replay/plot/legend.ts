import type { MemoryClass } from '../../model/decision.ts';
import { BAND_COLOURS } from './bands.ts';
import { FLOOR_STROKE, USAGE_STROKE } from './curves.ts';
import { LEFT_PX, type Loop, MARGIN_PX, type Panel } from './frame.ts';
import { RESTART_STROKE } from './restarts.ts';
import { triangle } from './steps.ts';
import { type Drawn, line, pixel, text, widthOf } from './svg.ts';

interface LegendItem {
  readonly name: string;
  /** Drawn in a box of 18 by 12 pixels. */
  readonly swatch: (x: number, y: number) => string;
}

const CURVE_ITEMS: readonly LegendItem[] = [
  { name: 'usage', swatch: (x, y) => line(x, y + 6, x + 18, y + 6, USAGE_STROKE) },
  { name: 'floor', swatch: (x, y) => line(x, y + 6, x + 18, y + 6, FLOOR_STROKE) },
  { name: 'step: the floor rises to stay', swatch: (x, y) => triangle(x + 9, y + 1) },
];
const RESTART_NAMES: Readonly<Record<Loop, string>> = {
  open: 'would restart, and why',
  closed: 'restarted, and why',
};

/** The lines, and the classes that occur in a panel. */
export function drawLegend(panels: readonly Panel[], loop: Loop): Drawn {
  const seen = new Set(panels.flatMap(({ judged }) => judged.map(({ decision }) => decision.class)));
  const classes = (Object.keys(BAND_COLOURS) as MemoryClass[]).filter((name) => seen.has(name)).map(bandItem);
  const rows = [[...CURVE_ITEMS, restartItem(loop)], classes].map((items, index) =>
    drawLegendRow(items, MARGIN_PX + 18 * index),
  );
  return { svg: ['<g class="legend">', ...rows, '</g>'].join('\n'), heightPx: MARGIN_PX + 54 };
}

function restartItem(loop: Loop): LegendItem {
  return { name: RESTART_NAMES[loop], swatch: (x, y) => line(x + 9, y, x + 9, y + 12, RESTART_STROKE) };
}

function bandItem(name: MemoryClass): LegendItem {
  const box = `width="18" height="12" fill="${BAND_COLOURS[name]}" stroke="#777777" stroke-width="0.5"`;
  return { name, swatch: (x, y) => `<rect x="${x}" y="${y}" ${box}/>` };
}

function drawLegendRow(items: readonly LegendItem[], topPx: number): string {
  let x = LEFT_PX;
  const drawn = items.map(({ name, swatch }) => {
    const item = `${swatch(x, topPx)}${text(x + 24, topPx + 10, name)}`;
    x = pixel(x + 24 + widthOf(name) + 18);
    return item;
  });
  return drawn.join('');
}
