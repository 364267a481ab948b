import { heldWords } from '../../page/model/actuators.ts';
import { type DynoView, nextWords } from '../../page/model/dynos/dyno-view.ts';
import { BAR_CELLS, bar } from './bar.ts';
import { clean, type Line, lineOf, padTo, span, widthOf } from './text.ts';

const MIN_NAME = 8;
const MAX_NAME = 24;
const WORD = 13;
/** Marker, bar, share, arrow, class and jobs with the spaces between them. */
const OTHER_COLUMNS = 2 + 1 + BAR_CELLS + 1 + 5 + 1 + 1 + 1 + WORD + 1 + 4 + 1;
const MIN_SENTENCE = 12;

/** How the columns of the dynos are laid out. */
export interface RowLayout {
  readonly columns: number;
  readonly name: number;
  readonly hasManyApps: boolean;
}

/** @param visible the rows that are seen: a long name elsewhere takes no room */
export function layoutOf(visible: readonly DynoView[], columns: number, hasManyApps: boolean): RowLayout {
  const longest = Math.max(MIN_NAME, ...visible.map((view) => widthOf(clean(nameOf(view, hasManyApps)))));
  const room = columns - OTHER_COLUMNS - MIN_SENTENCE;
  return { columns, name: Math.max(MIN_NAME, Math.min(longest, MAX_NAME, room)), hasManyApps };
}

function nameOf({ dyno }: DynoView, hasManyApps: boolean): string {
  return hasManyApps ? `${dyno.app ?? '?'} ${dyno.dyno}` : dyno.dyno;
}

export function headLine({ columns, name }: RowLayout): Line {
  const cells = [
    `  ${padTo('DYNO', name)}`,
    padTo('MEMORY OF QUOTA', BAR_CELLS + 6),
    ' ',
    padTo('CLASS', WORD),
    'JOBS',
    'NEXT',
  ];
  return lineOf([span(cells.join(' '), 'quiet')], columns);
}

export function dynoLine(view: DynoView, layout: RowLayout, isSelected: boolean, nowMs: number): Line {
  const { dyno, tone, word, shareWords } = view;
  const jobs = dyno.active_jobs === null ? '?' : String(dyno.active_jobs);
  const look = tone === 'ok' ? null : tone;
  const held = heldWords(dyno, nowMs);
  const name = `${isSelected ? '> ' : '  '}${padTo(nameOf(view, layout.hasManyApps), layout.name)} `;
  const memory = `${bar(dyno)} ${padTo(shareWords, 5, 'right')} ${trendOf(view)} ${padTo(word, WORD)}`;
  return lineOf(
    [
      span(name, isSelected ? 'selected' : null),
      span(memory, look),
      span(` ${padTo(jobs, 4, 'right')} ${nextWords(dyno, nowMs)}`),
      span(held === null ? '' : ` ${held}`, 'quiet'),
    ],
    layout.columns,
  );
}

/** `↗` where the floor rises towards the limit, `→` where it does not, a space where nobody knows. */
function trendOf({ dyno }: DynoView): string {
  if (dyno.is_stale || dyno.class === 'warming' || dyno.class === 'unknown') return ' ';
  return dyno.time_to_limit_ms === null ? '→' : '↗';
}
