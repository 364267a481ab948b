/**
 * A chart of blocks, several rows high, and its one-row sister. Values are fractions of the limit; null is "not known
 * then".
 */

const EIGHTHS = ['', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
const FULL = '█';
/** At the top edge of its cell: the line at exactly the height where the next row begins. */
const LINE = '▔';
/** Two rows up to the soft limit and one above it. */
const ROWS_BELOW_SOFT_LIMIT = 2;
const CHART_ROWS = ROWS_BELOW_SOFT_LIMIT + 1;

export interface ChartCell {
  /** Usage as a fraction of the limit; null: not known. */
  readonly fraction: number | null;
  /** A new boot began in this cell. */
  readonly newBoot: boolean;
}

/**
 * The rows of a chart, top first; it fills from the left, and moves on when it is full. The top row is what lies above
 * the soft limit; the line of the soft limit runs along its lower edge, behind the curve. A new boot is marked in the
 * lowest row.
 */
export function chart(cells: readonly ChartCell[], width: number, softFraction: number): readonly string[] {
  const last = width > 0 ? cells.slice(-width) : [];
  const shown = [...last, ...Array.from({ length: width - last.length }, () => null)];
  const rowFraction = softFraction / ROWS_BELOW_SOFT_LIMIT;
  return Array.from({ length: CHART_ROWS }, (_, index) => {
    const row = CHART_ROWS - 1 - index;
    const behind = row === ROWS_BELOW_SOFT_LIMIT - 1 ? LINE : ' ';
    return shown.map((cell) => chartCell(cell, { row, rowFraction, behind })).join('');
  });
}

interface RowOfChart {
  readonly row: number;
  readonly rowFraction: number;
  readonly behind: string;
}

function chartCell(cell: ChartCell | null, { row, rowFraction, behind }: RowOfChart): string {
  if (cell === null || cell.fraction === null) return behind;
  if (cell.newBoot && row === 0) return '│';
  const filled = Math.round((cell.fraction / rowFraction - row) * 8);
  if (filled >= 8) return FULL;
  return filled <= 0 ? behind : (EIGHTHS[filled] ?? behind);
}

/** One row of at most `width` blocks, a block a cell; the highest block means at the limit or above. */
export function sparkline(cells: readonly ChartCell[], width: number): string {
  return cells
    .slice(-width)
    .map(({ fraction, newBoot }) => {
      if (fraction === null) return ' ';
      if (newBoot) return '│';
      return EIGHTHS[Math.min(8, Math.max(1, Math.ceil(fraction * 8)))] ?? ' ';
    })
    .join('')
    .trimStart();
}
