/** Cells of the report, which reads in a terminal as it does in Markdown. */

/** Shown for a figure that does not exist. */
export const NOTHING = '–';

export function markdownTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return `${[line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')}\n`;
}

export function ratio(value: number | null): string {
  return value === null ? NOTHING : value.toFixed(3);
}

/** `0`, `0.0007`, `0.07`, `12`, `157`: two significant digits, or all digits before the point. */
export function rate(value: number): string {
  return value >= 10 ? value.toFixed(0) : Number(value.toPrecision(2)).toString();
}

export function percent(value: number | null): string {
  return value === null ? NOTHING : `${(100 * value).toFixed(1)} %`;
}

export function minutes(value: number | null): string {
  return value === null ? NOTHING : `${value < 10 ? value.toFixed(1) : Math.round(value)} min`;
}
