import { SPANS, type SpanName } from '../model/axis.ts';
import { SORTS, type SortName } from '../model/dynos/order.ts';
import { element, setAttribute, setText } from '../view/dom.ts';

export interface ToolbarEvents {
  onFilter(text: string): void;
  onSort(name: SortName): void;
  onSpan(name: SpanName): void;
}

/** Filter, sort and span of time. */
export function createToolbar({ onFilter, onSort, onSpan }: ToolbarEvents) {
  const filter = element('input', {
    id: 'filter',
    attributes: { type: 'search', placeholder: 'Filter …', 'aria-label': 'Filter the dynos' },
  });
  filter.addEventListener('input', () => onFilter(filter.value.trim()));
  const sort = element('select', { id: 'sort', attributes: { 'aria-label': 'Sort the dynos' } });
  for (const [name, { label }] of Object.entries(SORTS))
    sort.append(element('option', { text: label, attributes: { value: name } }));
  sort.addEventListener('change', () => onSort(sort.value as SortName));
  const buttons = Object.entries(SPANS).map(([name, { label }]) => {
    const button = element('button', { text: label, attributes: { type: 'button', 'data-span': name } });
    button.addEventListener('click', () => onSpan(name as SpanName));
    return button;
  });
  const zoom = element('button', { class: 'zoom', text: 'Zoomed: back to now', attributes: { type: 'button' } });
  zoom.addEventListener('click', () => onSpan('auto'));
  const spans = element('div', { class: 'spans', attributes: { role: 'group', 'aria-label': 'Span of time' } });
  spans.append(...buttons, zoom);
  const count = element('span', { class: 'filter-count', attributes: { role: 'status' } });
  const node = element('div', { class: 'toolbar' }, filter, count, sort, spans);
  return {
    node,
    filter,
    show: (span: SpanName, isZoomed: boolean, found: string) => {
      for (const button of buttons)
        setAttribute(button, 'aria-pressed', String(!isZoomed && button.dataset.span === span));
      zoom.hidden = !isZoomed;
      setText(count, found);
    },
  };
}
