import { BadInputError } from '../model/errors.ts';

/** One record of a CSV file. `line`: where it begins, counted from 1. */
export interface CsvRecord {
  readonly line: number;
  readonly cells: readonly string[];
}

/** A cell and what ends it. No two parts match the same text, so that no input takes more than linear time. */
const CELL = /[ \t]*(?:"([^"]*(?:""[^"]*)*)"[ \t\r]*|([^"\s,][^,\n]*|\s*?))(,|\r?\n|$)/y;

/**
 * Reads CSV as RFC 4180 has it: a cell in quotes may hold commas, line ends, and quotes written twice. Drops a byte
 * order mark, the spaces around a cell, and blank lines. Throws `BadInputError`, with file and line, where a quote is
 * not closed or where text follows a closing quote.
 */
export function* readCsv(text: string, file: string): Generator<CsvRecord> {
  let from = text.startsWith('\uFEFF') ? 1 : 0;
  let line = 1;
  while (from < text.length) {
    const lineEnd = text.indexOf('\n', from);
    const end = lineEnd === -1 ? text.length : lineEnd;
    const record = text.slice(from, end);
    // Most files have no quotes, and may have a million rows.
    const read = record.includes('"') ? readQuoted(text, from) : { cells: record.split(',').map(trim), end };
    if (read === null) throw new BadInputError(`${file}:${line}: a quote is not closed, or text follows a closed one`);
    if (record.trim() !== '') yield { line, cells: read.cells };
    line += countLineEnds(text, from, read.end) + 1;
    from = read.end + 1;
  }
}

/** `end`: where the record's line end is, or the end of the text. Null: it cannot be read. */
function readQuoted(text: string, from: number): { readonly cells: readonly string[]; readonly end: number } | null {
  const cells: string[] = [];
  CELL.lastIndex = from;
  for (let match = CELL.exec(text); match !== null; match = CELL.exec(text)) {
    const [, quoted, plain = '', separator = ''] = match;
    cells.push(quoted === undefined ? plain.trim() : quoted.replaceAll('""', '"').trim());
    if (separator !== ',') return { cells, end: match.index + match[0].length - (separator === '' ? 0 : 1) };
  }
  return null;
}

function trim(cell: string): string {
  return cell.trim();
}

function countLineEnds(text: string, from: number, to: number): number {
  let count = 0;
  for (let at = text.indexOf('\n', from); at !== -1 && at < to; at = text.indexOf('\n', at + 1)) count++;
  return count;
}
