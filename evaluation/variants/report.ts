import { markdownTable } from '../report/markdown.ts';
import { COLUMNS, type Column, changedDynos, difference } from './columns.ts';
import type { Outcome } from './outcome.ts';

const HEAD = ['', ...COLUMNS.map(({ head }) => head), 'dynos changed'];
const MARKS = { [-1]: ' (better)', 0: '', 1: ' (worse)' } as const;

/** A row for each variant; a figure is marked where it differs from the first row by more than chance. */
export function variantTable([whole, ...others]: readonly Outcome[]): string {
  if (whole === undefined) return '';
  return markdownTable(HEAD, [rowOf(whole, whole), ...others.map((outcome) => rowOf(whole, outcome))]);
}

export function rowOf(whole: Outcome, outcome: Outcome): readonly string[] {
  const cells = COLUMNS.map((column) => `${column.text(outcome)}${MARKS[differenceOf(column, whole, outcome)]}`);
  const changed = outcome === whole ? '–' : `${changedDynos(whole, outcome)}/${outcome.dynos.length}`;
  return [outcome.variant.name, ...cells, changed];
}

/** The variants that differ from the first by more than chance in some column. */
export function movers([whole, ...others]: readonly Outcome[]): readonly Outcome[] {
  if (whole === undefined) return [];
  return others.filter((outcome) => COLUMNS.some((column) => differenceOf(column, whole, outcome) !== 0));
}

function differenceOf({ errors }: Column, whole: Outcome, outcome: Outcome): -1 | 0 | 1 {
  return difference(errors(whole), errors(outcome));
}
