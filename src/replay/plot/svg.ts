/** The SVG elements that a plot is made of. Lengths in pixels. */

export const FONT_PX = 11;
/** A generous guess, because the viewer's font is not known. */
export const CHARACTER_PX = 0.6 * FONT_PX;

/** A part of the document, and its height. */
export interface Drawn {
  readonly svg: string;
  readonly heightPx: number;
}

export function text(x: number, y: number, content: string, attributes = ''): string {
  return `<text x="${x}" y="${pixel(y)}" ${attributes}>${escapeXml(content)}</text>`;
}

export function line(x1: number, y1: number, x2: number, y2: number, stroke: string): string {
  return `<line x1="${x1}" y1="${pixel(y1)}" x2="${x2}" y2="${pixel(y2)}" ${stroke}/>`;
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** XML 1.0 cannot express most control characters, so they become U+FFFD. */
export function escapeXml(content: string): string {
  return content
    .replace(/[^\t\n\r\u{20}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]/gu, '\u{FFFD}')
    .replace(/[&<>"']/g, (character) => ENTITIES[character] ?? character);
}

/** The approximate width of a text. */
export function widthOf(content: string): number {
  return content.length * CHARACTER_PX;
}

/** Rounded to a tenth: short, and not visibly different. */
export function pixel(value: number): number {
  return Math.round(value * 10) / 10;
}
