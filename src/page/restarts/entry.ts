import type { Attempt, AttemptDetail } from '../../web/schema/attempt.ts';
import { api } from '../live/api.ts';
import { beforeAfterWords, factsOf, outcomeOf, sentencesOf } from '../model/attempt-view.ts';
import { jobName } from '../model/jobs-view.ts';
import { sentence } from '../model/words/sentence.ts';
import { growthWords } from '../model/words/sizes.ts';
import { clockWords } from '../model/words/times.ts';
import { element, type Shown, setAttribute, setShape, setText, shape } from '../view/dom.ts';
import { createFacts } from '../view/table.ts';
import { createBeforeAfter } from './before-after.ts';
import { createMemoryReport } from './memory-report.ts';

export interface EntryEvents {
  onOpen(key: string): void;
}

/** One restart: its sentence, and when opened its numbers, suspects and curves. */
export function createEntry(events: EntryEvents, nowMs: () => number): Shown<Attempt> {
  let attempt: Attempt | null = null;
  let filled: string | null = null;
  let destroy: Promise<() => void> = Promise.resolve(() => {});
  const time = element('time');
  const icon = shape('ring');
  const word = element('span');
  const badge = element('span', { class: 'badge' }, icon, word);
  const name = element('b');
  const says = element('span', { class: 'says' });
  const numbers = element('span', { class: 'numbers' });
  const summary = element('summary', {}, time, name, badge, says, numbers);
  const content = element('div', { class: 'entry-content' });
  const details = element('details', {}, summary, content);
  const node = element('li', {}, details);
  const fill = () => {
    if (attempt === null || !details.open) return;
    const version = JSON.stringify(attempt);
    if (version === filled) return;
    filled = version;
    const destroyOlder = destroy;
    destroy = fillContent(content, attempt, events, nowMs());
    void destroyOlder.then((run) => run());
  };
  details.addEventListener('toggle', fill);
  return {
    node,
    update: (next) => {
      attempt = next;
      const outcome = outcomeOf(next);
      setAttribute(node, 'data-tone', outcome.tone);
      setText(time, clockWords(next.claimed_at_ms, nowMs()));
      setAttribute(time, 'datetime', new Date(next.claimed_at_ms).toISOString());
      setText(name, next.dyno);
      setText(word, outcome.word);
      setShape(icon, outcome.shape);
      setText(says, sentencesOf(next));
      setText(numbers, beforeAfterWords(next) ?? '');
      fill();
    },
  };
}

/** @returns destroys its curves */
async function fillContent(
  content: HTMLElement,
  attempt: Attempt,
  events: EntryEvents,
  nowMs: number,
): Promise<() => void> {
  const open = element('button', {
    class: 'button small',
    text: `Open ${attempt.dyno}`,
    attributes: { type: 'button' },
  });
  open.addEventListener('click', () => events.onOpen(`${attempt.app}/${attempt.dyno}`));
  const curves = element('div', { class: 'before-after' });
  const why = element('p', { class: 'explanation', text: sentence(attempt.explanation) });
  const left = element(
    'div',
    { class: 'entry-left' },
    curves,
    createSuspects(attempt),
    createMemoryReport(attempt),
    open,
  );
  content.replaceChildren(why, left, createFacts(factsOf(attempt, nowMs)));
  const detail: AttemptDetail | null = await api.attempt(attempt.id).catch(() => null);
  return detail === null ? () => {} : createBeforeAfter(curves, detail);
}

function createSuspects({ suspects }: Attempt): HTMLElement {
  const items = suspects.map((suspect) =>
    element(
      'li',
      {},
      element('b', { text: jobName(suspect) }),
      element('span', { text: ` (${suspect.queue}) ${growthWords(suspect.net_bytes)}` }),
    ),
  );
  const title = element('h4', { text: items.length === 0 ? 'No suspect job names are known' : 'Suspect job names' });
  return element('div', { class: 'suspects' }, title, element('ol', {}, ...items));
}
