import { printable } from '../../model/text/printable.ts';
import type { Tone } from '../../page/model/dynos/dyno-view.ts';

/** A piece of a line; the tone only repeats in colour what its words say. */
export interface Span {
  readonly text: string;
  readonly look: Tone | 'bold' | 'selected' | null;
}

/** No longer than the terminal is wide. */
export type Line = readonly Span[];

/** They take no cell of their own, and terminals disagree about how they combine. */
const NO_CELL = /\p{M}|\p{Cf}/gu;
const ASCII = /^[\x20-\x7e]*$/;
const EAST_ASIAN =
  '\\u1100-\\u115f\\u2e80-\\ua4cf\\uac00-\\ud7a3\\uf900-\\ufaff\\ufe30-\\ufe6f\\uff00-\\uff60\\uffe0-\\uffe6';
const TWO_CELLS = new RegExp(`[\\p{Emoji_Presentation}${EAST_ASIAN}\\u{20000}-\\u{3fffd}]`, 'u');

/** Names of apps, dynos, queues and jobs come from senders: what a terminal would obey never reaches it. */
export function clean(text: string): string {
  return ASCII.test(text) ? text : printable(text).replace(NO_CELL, '');
}

/** Cells that a cleaned text takes. */
export function widthOf(text: string): number {
  if (ASCII.test(text)) return text.length;
  let width = 0;
  for (const character of text) width += cellsOf(character);
  return width;
}

function cellsOf(character: string): number {
  return TWO_CELLS.test(character) ? 2 : 1;
}

/** Cut to `columns` cells; what was cut ends with an ellipsis. */
export function cut(text: string, columns: number): string {
  // No character takes less than a cell: what lies further right cannot be seen.
  const safe = clean(text.length > 4 * columns ? text.slice(0, 4 * columns) : text);
  if (widthOf(safe) <= columns) return safe;
  if (columns < 1) return '';
  let width = 1;
  let kept = '';
  for (const character of safe) {
    width += cellsOf(character);
    if (width > columns) break;
    kept += character;
  }
  return `${kept}…`;
}

/** Exactly `columns` cells. */
export function padTo(text: string, columns: number, align: 'left' | 'right' = 'left'): string {
  const kept = cut(text, columns);
  const blank = ' '.repeat(Math.max(0, columns - widthOf(kept)));
  return align === 'left' ? kept + blank : blank + kept;
}

export function span(text: string, look: Span['look'] = null): Span {
  return { text, look };
}

/** The spans that fit into `columns` cells, the last one cut. */
export function lineOf(spans: readonly Span[], columns: number): Line {
  const line: Span[] = [];
  let left = columns;
  for (const { text, look } of spans) {
    if (left <= 0) break;
    const kept = cut(text, left);
    left -= widthOf(kept);
    line.push({ text: kept, look });
  }
  return line;
}

const CODES: Readonly<Record<NonNullable<Span['look']>, string>> = {
  act: '31',
  watch: '33',
  ok: '32',
  quiet: '2',
  bold: '1',
  selected: '7',
};

export function paint(line: Line, isColoured: boolean): string {
  return line
    .map(({ text, look }) => (isColoured && look !== null ? `\u001b[${CODES[look]}m${text}\u001b[0m` : text))
    .join('');
}
