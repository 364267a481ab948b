import type { GroupView } from '../model/dynos/groups.ts';
import { sentence } from '../model/words/sentence.ts';
import { element, setAttribute, setText, shape } from '../view/dom.ts';

export interface GroupEvents {
  onFold(key: string, isFolded: boolean): void;
  onPause(target: string): void;
  onResume(target: string): void;
}

export interface GroupRow {
  readonly node: HTMLElement;
  readonly button: HTMLButtonElement;
  update(group: GroupView, isReadOnly: boolean): void;
}

/** The heading of a target's dynos: folds them, says what they share, pauses their restarts. */
export function createGroupRow(events: GroupEvents): GroupRow {
  let group: GroupView | null = null;
  const name = element('span');
  const button = element('button', { class: 'fold', attributes: { type: 'button' } }, shape('chevron'), name);
  const summary = element('span', { class: 'group-summary' });
  const facts = element('span', { class: 'group-facts' });
  const releases = element('span', { class: 'tag mixed' });
  const state = element('span', { class: 'tag' });
  const steer = element('button', { class: 'button small', attributes: { type: 'button' } });
  const heading = element('h3', {}, button);
  const node = element(
    'div',
    { class: 'group', attributes: { role: 'listitem' } },
    heading,
    summary,
    facts,
    releases,
    state,
    steer,
  );
  button.addEventListener('click', () => {
    if (group !== null) events.onFold(group.key, !group.isFolded);
  });
  steer.addEventListener('click', () => {
    if (group === null) return;
    if (isPaused(group)) events.onResume(group.key);
    else events.onPause(group.key);
  });
  return {
    node,
    button,
    update: (next, isReadOnly) => {
      group = next;
      setAttribute(button, 'aria-expanded', String(!next.isFolded));
      setText(name, `${next.app ?? 'unknown app'} · ${next.processType}`);
      // A phone may have to cut it off.
      setAttribute(button, 'title', name.textContent ?? '');
      setText(summary, next.summary);
      setText(facts, next.facts.join(' · '));
      releases.hidden = next.releases === null;
      setText(releases, `releases ${next.releases ?? ''}`);
      setText(state, stateWords(next));
      state.title = obstacleWords(next);
      steer.hidden = isReadOnly || next.target === null;
      setText(steer, isPaused(next) ? 'Resume' : 'Pause');
      setAttribute(steer, 'aria-label', `${isPaused(next) ? 'Resume' : 'Pause'} ${next.key}`);
    },
  };
}

function isPaused({ target }: GroupView): boolean {
  return target !== null && target.paused_by !== null;
}

/** One or two words: whether Tidemark may restart these dynos. */
function stateWords({ target }: GroupView): string {
  if (target === null) return 'not on the allow-list';
  const [first] = target.obstacles;
  if (first === undefined)
    return target.restarts === 'on' ? `restarts on, ${target.restarts_left ?? '?'} left` : 'restarts off';
  return OBSTACLE_WORDS[first.code] ?? first.code;
}

const OBSTACLE_WORDS: Readonly<Record<string, string>> = {
  'ledger-unavailable': 'off: no ledger',
  'eviction-policy': 'off: Redis may evict',
  paused: 'paused',
  'ledger-hold': 'held',
  'dry-run': 'dry run',
  'breaker-open': 'breaker open',
  budget: 'budget used up',
  cooldown: 'cooldown',
  'attempt-open': 'restart under way',
};

function obstacleWords({ target }: GroupView): string {
  return (target?.obstacles ?? []).map(({ says }) => sentence(says)).join(' ');
}
