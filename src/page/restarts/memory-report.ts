import type { Attempt } from '../../web/schema/attempt.ts';
import { type ProcessView, processViewsOf } from '../model/memory-report.ts';
import { element } from '../view/dom.ts';
import { createFacts } from '../view/table.ts';

/** What the boot's processes held before its restart; null where none said so. */
export function createMemoryReport({ memory_report }: Attempt): HTMLElement | null {
  if (memory_report === null || memory_report.length === 0) return null;
  return element('div', { class: 'memory-report' }, ...processViewsOf(memory_report).map(createProcess));
}

function createProcess({ title, parts, says, sites }: ProcessView): HTMLElement {
  const items = sites.map(({ name, place, size }) =>
    element(
      'li',
      {},
      element('b', { text: name }),
      element('span', { class: 'site-size', text: size }),
      element('span', { class: 'place', text: place }),
    ),
  );
  const list = items.length === 0 ? null : element('ol', { class: 'sites' }, ...items);
  return element('section', {}, element('h4', { text: title }), element('p', { text: says }), list, createFacts(parts));
}
