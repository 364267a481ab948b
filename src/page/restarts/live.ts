import type { Attempt } from '../../web/schema/attempt.ts';
import { stepsOf } from '../model/attempt-view.ts';
import { sentence } from '../model/words/sentence.ts';
import { element, keyedList, region, type Shown, setAttribute, setText } from '../view/dom.ts';

/** The restarts under way, step by step. */
export function createLive(): (attempts: readonly Attempt[]) => void {
  const parent = region('live');
  const show = keyedList<Attempt>(parent, ({ id }) => id, createCourse);
  return (attempts) => {
    const open = attempts.filter(({ phase }) => phase !== 'closed');
    parent.hidden = open.length === 0;
    show(open);
  };
}

/** Also stands in an opened dyno. */
export function createCourse(): Shown<Attempt> {
  const title = element('strong');
  const says = element('p', { attributes: { role: 'status' } });
  const steps = element('ol', { class: 'steps' });
  const node = element('div', { class: 'course' }, title, steps, says);
  const items = Array.from({ length: 4 }, () => element('li'));
  steps.append(...items);
  return {
    node,
    update: (attempt) => {
      setText(title, `${attempt.dyno} of ${attempt.app}${attempt.dry_run ? ' (dry run)' : ''}`);
      setText(says, sentence(attempt.says));
      for (const [index, { name, state }] of stepsOf(attempt).entries()) {
        const item = items[index];
        if (item === undefined) continue;
        setText(item, name);
        setAttribute(item, 'data-state', state);
        setAttribute(item, 'aria-current', state === 'now' ? 'step' : null);
      }
    },
  };
}
