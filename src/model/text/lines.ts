const DEFAULT_COLUMNS = 80;

/** The terminal's width, or 80 where the output goes elsewhere. */
export function columnsOf({ columns }: { readonly columns?: number | undefined }): number {
  return columns === undefined || columns < 40 ? DEFAULT_COLUMNS : columns;
}

/**
 * The text in lines of at most `columns`, broken at spaces; the lines after the first are indented by `indent` more
 * than the first.
 */
export function wrap(text: string, columns: number, indent: number): string {
  const start = /^ */.exec(text)?.[0] ?? '';
  const next = ' '.repeat(start.length + indent);
  const lines: string[] = [];
  let line = start;
  for (const word of text.trim().split(' ')) {
    const isFirst = line.trim() === '';
    if (!isFirst && line.length + 1 + word.length > columns) {
      lines.push(line);
      line = next + word;
    } else line += isFirst ? word : ` ${word}`;
  }
  return [...lines, line].join('\n');
}

/** Rows with aligned columns. */
export function table(rows: readonly (readonly string[])[]): readonly string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}
