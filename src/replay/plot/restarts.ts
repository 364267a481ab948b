import type { Decision } from '../../model/decision.ts';
import { type Frame, LEFT_PX, type Panel, PLOT_HEIGHT_PX, WIDTH_PX, xOf } from './frame.ts';
import { escapeXml, line, text, widthOf } from './svg.ts';

const RESTART_COLOUR = '#b00020';
export const RESTART_STROKE = `stroke="${RESTART_COLOUR}" stroke-width="1.6"`;

export function restartsOf({ judged }: Panel): readonly Decision[] {
  return judged.map(({ decision }) => decision).filter(({ action }) => action === 'restart');
}

/** A line for each restart, named by its number and its reason. */
export function drawRestarts(frame: Frame): readonly string[] {
  const restarts = restartsOf(frame.panel);
  const marks = restarts.map(({ timeMs }) => xOf(frame, timeMs));
  const names = namesOf(restarts, marks);
  return restarts.map(({ reason, explanation }, index) => {
    const x = marks[index] ?? 0;
    const mark = line(x, frame.topPx - 4, x, frame.topPx + PLOT_HEIGHT_PX, RESTART_STROKE);
    const { name = '', anchor = 'start' } = names[index] ?? {};
    const attributes = `text-anchor="${anchor}" fill="${RESTART_COLOUR}"`;
    const label = name === '' ? '' : text(x, frame.topPx - 6, name, attributes);
    return `<g class="restart"><title>${escapeXml(`${reason}: ${explanation}`)}</title>${mark}${label}</g>`;
  });
}

interface MarkName {
  readonly name: string;
  readonly anchor: 'start' | 'end';
}

/** Number and reason if one side has room for them, else the number alone; no name if the marks are very close. */
function namesOf(restarts: readonly Decision[], marks: readonly number[]): readonly MarkName[] {
  let freeFromPx = LEFT_PX;
  return restarts.map(({ reason }, index): MarkName => {
    const [x, nextPx] = [marks[index] ?? 0, marks[index + 1] ?? WIDTH_PX];
    const number = String(index + 1);
    const widthPx = widthOf(`${number} ${reason}`) + 6;
    const fits = { right: x >= freeFromPx && x + widthPx < nextPx, left: x - widthPx > freeFromPx };
    const name = fits.right ? `${number} ${reason}` : fits.left ? `${reason} ${number}` : x < freeFromPx ? '' : number;
    const anchor = fits.left && !fits.right ? 'end' : 'start';
    if (name !== '') freeFromPx = x + (anchor === 'end' ? 0 : widthOf(name)) + 4;
    return { name, anchor };
  });
}
