import type { Attempt } from '../../web/schema/attempt.ts';
import type { PageState } from '../live/state.ts';
import { scoreboardOf } from '../model/dynos/totals.ts';
import { dayWords } from '../model/words/times.ts';
import { element, keyedList, region, setText } from '../view/dom.ts';
import { createTotals } from '../view/totals.ts';
import { createEntry, type EntryEvents } from './entry.ts';

const SHOWN_AT_FIRST = 20;

/** What Tidemark and people did, the newest first, and what a dry run would have done. */
export function createRestartsSection(events: EntryEvents): (state: PageState, nowMs: number) => void {
  const title = element('h2', { id: 'restarts-title', text: 'Restarts' });
  const board = element('div', { class: 'scoreboard' });
  const boardTitle = element('h3');
  const boardTotals = element('ul', { class: 'totals' });
  board.append(boardTitle, boardTotals);
  const showBoard = createTotals(boardTotals);
  const list = element('ol', { class: 'timeline', attributes: { 'aria-label': 'Restarts, newest first' } });
  const none = element('p', { class: 'nothing' });
  const more = element('button', { class: 'button', text: 'Show older ones', attributes: { type: 'button' } });
  region('restarts').append(element('div', { class: 'panel-head' }, title), board, none, list, more);
  let nowMs = 0;
  let max = SHOWN_AT_FIRST;
  let last: PageState | null = null;
  const showList = keyedList<Attempt>(
    list,
    ({ id }) => id,
    () => createEntry(events, () => nowMs),
  );
  more.addEventListener('click', () => {
    max += 50;
    if (last !== null) show(last, nowMs);
  });
  function show(state: PageState, now: number): void {
    nowMs = now;
    last = state;
    const scores = state.status === null ? null : scoreboardOf(state.status);
    board.hidden = scores === null;
    if (scores !== null) {
      setText(boardTitle, `Dry run, since ${dayWords(scores.sinceMs)}`);
      showBoard(scores.entries);
    }
    const attempts = state.attempts ?? [];
    none.hidden = attempts.length > 0;
    setText(none, state.attempts === null ? 'Loading …' : 'No restart yet. Each one will be listed here.');
    more.hidden = attempts.length <= max;
    showList(attempts.slice(0, max));
  }
  return show;
}
