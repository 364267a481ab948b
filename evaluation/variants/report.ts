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

function differenceOf({ errors }: Column, whole: Outcome, outcome: Outcome): -1 | 0 | 1 {
  return difference(errors(whole), errors(outcome));
}

/** A row for each constant: what it changes to move it down, and up. `outcomes` come in pairs after the first. */
export function movesTable([whole, ...moves]: readonly Outcome[]): string {
  if (whole === undefined) return '';
  const rows = moves.flatMap((down, index) => {
    const up = moves[index + 1];
    if (index % 2 === 1 || up === undefined) return [];
    return [[down.variant.name, moveCell(whole, down), up.variant.name, moveCell(whole, up)]];
  });
  return markdownTable(['A quarter down', 'changes', 'a quarter up', 'changes'], rows);
}

function moveCell(whole: Outcome, moved: Outcome): string {
  const dynos = changedDynos(whole, moved);
  const recordings = moved.recordings.filter((isRight, index) => isRight !== whole.recordings[index]).length;
  if (dynos === 0 && recordings === 0) return 'nothing';
  const more = errorsOf(moved) - errorsOf(whole);
  const isMarked = COLUMNS.some((column) => differenceOf(column, whole, moved) !== 0);
  const errors = more === 0 ? 'as many errors' : `${Math.abs(more)} ${more > 0 ? 'more' : 'fewer'} errors`;
  return `${dynos} dynos, ${recordings} recordings: ${errors}${isMarked ? ' (beyond chance in a column)' : ''}`;
}

/** Wrong restarts, missed ones, and recordings that are not right. */
function errorsOf({ dynos, recordings }: Outcome): number {
  const ofDynos = dynos.reduce((sum, { score }) => sum + score.wrong + score.missed, 0);
  return ofDynos + recordings.filter((isRight) => !isRight).length;
}
