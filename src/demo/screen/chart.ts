/** A moving chart of blocks, several rows high, and its one-row sister. Values are shares of the limit; null is "not known then". */

const EIGHTHS = ['', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
const FULL = '█';
/** At the top edge of its cell: the line at exactly the height where the next row begins. */
const LINE = '▔';
/** Two rows up to the soft limit and one above it. */
const ROWS_BELOW_SOFT_LIMIT = 2;
const CHART_ROWS = ROWS_BELOW_SOFT_LIMIT + 1;

export interface ChartCell {
  /** Usage as a share of the limit; null: not known. */
  readonly share: number | null;
  /** A new boot began in this cell. */
  readonly newBoot: boolean;
}

/**
 * The rows of a chart, top first. The top row is what lies above the soft limit; the line of the soft limit runs along its lower edge,
 * behind the curve. A new boot is marked in the lowest row.
 */
export function chart(cells: readonly ChartCell[], width: number, softShare: number): readonly string[] {
  const shown = lastCells(cells, width);
  const rowShare = softShare / ROWS_BELOW_SOFT_LIMIT;
  return Array.from({ length: CHART_ROWS }, (_, index) => {
    const row = CHART_ROWS - 1 - index;
    const behind = row === ROWS_BELOW_SOFT_LIMIT - 1 ? LINE : ' ';
    return shown.map((cell) => chartCell(cell, { row, rowShare, behind })).join('');
  });
}

function chartCell(
  cell: ChartCell | null,
  { row, rowShare, behind }: { readonly row: number; readonly rowShare: number; readonly behind: string },
): string {
  if (cell === null || cell.share === null) return behind;
  if (cell.newBoot && row === 0) return '│';
  const filled = Math.round((cell.share / rowShare - row) * 8);
  if (filled >= 8) return FULL;
  return filled <= 0 ? behind : (EIGHTHS[filled] ?? behind);
}

/** One row: a block a cell, the highest at the limit and above. */
export function sparkline(cells: readonly ChartCell[], width: number): string {
  return lastCells(cells, width)
    .map((cell) => {
      if (cell === null || cell.share === null) return ' ';
      if (cell.newBoot) return '│';
      return EIGHTHS[Math.min(8, Math.max(1, Math.ceil(cell.share * 8)))] ?? ' ';
    })
    .join('')
    .trimStart();
}

/** Exactly `width` cells, the newest at the right. */
function lastCells(cells: readonly ChartCell[], width: number): readonly (ChartCell | null)[] {
  const last = width > 0 ? cells.slice(-width) : [];
  return [...Array.from({ length: width - last.length }, () => null), ...last];
}
