import type { Cell, Screen } from './terminal.ts';

/** A screen, and when it was seen, in ms since the first. */
export interface Shot {
  readonly atMs: number;
  readonly screen: Screen;
}

export interface FilmOptions {
  readonly title: string;
  readonly columns: number;
  readonly rows: number;
  /** How many times faster than it happened. */
  readonly speed: number;
  /** How long the last screen stays, in ms of the film. */
  readonly lastMs: number;
}

const CELL_PX = { width: 8, height: 17 };
const MARGIN_PX = 12;
const BASELINE_PX = 13;
const COLOURS = { ground: '#0d1117', plain: '#e6edf3', dim: '#9aa4af', yellow: '#e3b341' };
/** Filled eighths of a cell, from below. */
const BLOCKS = '▁▂▃▄▅▆▇█';

/**
 * The shots as an animated SVG document, a strip that moves by one screen at a time. Without animation it shows the
 * last one.
 */
export function filmSvg(shots: readonly Shot[], options: FilmOptions): string {
  const { columns, rows, speed, lastMs, title } = options;
  const width = columns * CELL_PX.width + 2 * MARGIN_PX;
  const height = rows * CELL_PX.height + 2 * MARGIN_PX;
  const wholeMs = (shots.at(-1)?.atMs ?? 0) / speed + lastMs;
  const stops = shots.map(({ atMs }, index) => {
    const percent = ((atMs / speed / wholeMs) * 100).toFixed(2);
    return `${percent}%{transform:translateY(${-index * height}px)}`;
  });
  const last = `transform:translateY(${-(shots.length - 1) * height}px)`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" ` +
      `height="${height}" role="img" font-size="13" ` +
      `font-family="ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace">`,
    `<title>${title}</title>`,
    `<style>.film{${last};animation:play ${(wholeMs / 1000).toFixed(1)}s step-end infinite}` +
      `@keyframes play{${stops.join('')}to{${last}}}` +
      '@media(prefers-reduced-motion:reduce){.film{animation:none}}text{white-space:pre}</style>',
    `<rect width="${width}" height="${height}" rx="6" fill="${COLOURS.ground}"/>`,
    '<g class="film">',
    ...shots.map(({ screen }, index) => drawScreen(screen, MARGIN_PX + index * height)),
    '</g>',
    '</svg>',
    '',
  ].join('\n');
}

function drawScreen(screen: Screen, topPx: number): string {
  const texts: string[] = [];
  const paths: Record<string, string> = {};
  screen.forEach((line, row) => {
    const yPx = topPx + row * CELL_PX.height;
    for (const run of runsOf(line)) {
      const xPx = MARGIN_PX + run.from * CELL_PX.width;
      const box = boxOf(run, xPx, yPx);
      if (box !== null) paths[run.colour] = (paths[run.colour] ?? '') + box;
      else if (run.text.trim() !== '') texts.push(textOf(run, xPx, yPx + BASELINE_PX));
    }
  });
  const filled = Object.entries(paths).map(([colour, path]) => `<path fill="${colour}" d="${path}"/>`);
  return [...filled, ...texts].join('\n');
}

interface Run {
  readonly from: number;
  readonly text: string;
  readonly colour: string;
  readonly bold: boolean;
}

/** Neighbours that look alike: words in one text, equal blocks in one box. */
function runsOf(line: readonly Cell[]): readonly Run[] {
  const runs: Run[] = [];
  line.forEach((cell, from) => {
    const { character, bold } = cell;
    const colour = cell.yellow ? COLOURS.yellow : cell.dim ? COLOURS.dim : COLOURS.plain;
    const last = runs.at(-1);
    const isAlike = last !== undefined && last.colour === colour && last.bold === bold;
    const joins = isAlike && (isBlock(character) ? last.text.startsWith(character) : !isBlock(last.text[0] ?? ''));
    if (last !== undefined && joins) runs[runs.length - 1] = { ...last, text: last.text + character };
    else runs.push({ from, text: character, colour, bold });
  });
  return runs;
}

function isBlock(character: string): boolean {
  return character !== '' && `${BLOCKS}▔│`.includes(character);
}

/** Blocks are drawn, because fonts leave gaps between them; null for text. */
function boxOf({ text }: Run, xPx: number, yPx: number): string | null {
  const [character = ''] = text;
  if (!isBlock(character)) return null;
  const { width, height } = CELL_PX;
  if (character === '│') return `M${xPx + width / 2 - 0.5} ${yPx}h1v${height}h-1z`;
  const filledPx = character === '▔' ? 1 : (height * (BLOCKS.indexOf(character) + 1)) / BLOCKS.length;
  const fromPx = character === '▔' ? yPx : yPx + height - filledPx;
  return `M${xPx} ${rounded(fromPx)}h${width * text.length}v${rounded(filledPx)}h${-width * text.length}z`;
}

function textOf({ text, colour, bold }: Run, xPx: number, yPx: number): string {
  const start = text.length - text.trimStart().length;
  const shown = text.trim();
  const escaped = shown.replace(/[&<>]/g, (character) => `&#${character.charCodeAt(0)};`);
  const weight = bold ? ' font-weight="bold"' : '';
  return (
    `<text x="${xPx + start * CELL_PX.width}" y="${yPx}" textLength="${shown.length * CELL_PX.width}" ` +
    `fill="${colour}"${weight}>${escaped}</text>`
  );
}

function rounded(value: number): number {
  return Math.round(value * 10) / 10;
}
