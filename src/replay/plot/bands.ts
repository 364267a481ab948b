import type { MemoryClass } from '../../model/decision.ts';
import { type Frame, judgedUntilMs, type Panel, PLOT_HEIGHT_PX, xOf } from './frame.ts';
import { pixel, text, widthOf } from './svg.ts';

export const BAND_COLOURS: Readonly<Record<MemoryClass, string>> = {
  warming: '#d5dfeb',
  healthy: '#e2f2dc',
  spike: '#fdf1b8',
  sawtooth: '#cfeaf8',
  bloat: '#fbd5b0',
  leak: '#f3b9c2',
  unknown: '#e9e9e9',
};

interface Band {
  readonly class: MemoryClass;
  readonly fromMs: number;
  readonly toMs: number;
}

function bandsOf(panel: Panel): readonly Band[] {
  const bands: Band[] = [];
  for (const { decision } of panel.judged) {
    const last = bands.at(-1);
    if (last?.class === decision.class) continue;
    if (last !== undefined) bands[bands.length - 1] = { ...last, toMs: decision.timeMs };
    bands.push({ class: decision.class, fromMs: decision.timeMs, toMs: judgedUntilMs(panel) });
  }
  return bands;
}

/** The boot's class over time, behind the curves. */
export function drawBands(frame: Frame): readonly string[] {
  return bandsOf(frame.panel).map((band) => {
    const [fromPx, toPx] = [xOf(frame, band.fromMs), xOf(frame, band.toMs)];
    const widthPx = pixel(toPx - fromPx);
    const name = widthPx < widthOf(band.class) + 8 ? '' : nameBand(band.class, (fromPx + toPx) / 2, frame);
    return (
      `<g class="band" data-class="${band.class}"><title>${band.class}</title><rect x="${fromPx}" ` +
      `y="${frame.topPx}" width="${widthPx}" height="${PLOT_HEIGHT_PX}" ` +
      `fill="${BAND_COLOURS[band.class]}"/>${name}</g>`
    );
  });
}

function nameBand(name: MemoryClass, middlePx: number, { topPx }: Frame): string {
  return text(pixel(middlePx), topPx + PLOT_HEIGHT_PX - 6, name, 'text-anchor="middle" fill="#444444"');
}
