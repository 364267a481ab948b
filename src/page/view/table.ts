import { element } from './dom.ts';

/** A column: its heading, and whether its cells are numbers. */
export interface Column {
  readonly name: string;
  readonly isNumber?: boolean;
}

/** A table with explicit roles, because on a narrow screen its rows are laid out as cards. */
export function createTable(label: string, columns: readonly Column[]) {
  const cells = columns.map(({ name, isNumber }) =>
    element('div', { class: isNumber ? 'cell number' : 'cell', text: name, attributes: { role: 'columnheader' } }),
  );
  const head = element('div', { class: 'table-head', attributes: { role: 'row' } }, ...cells);
  const body = element('div', { class: 'table-body', attributes: { role: 'rowgroup' } });
  const node = element(
    'div',
    { class: 'table', attributes: { role: 'table', 'aria-label': label } },
    element('div', { attributes: { role: 'rowgroup' } }, head),
    body,
  );
  return { node, body };
}

/** A cell; its column's name shows before it where the table is laid out as cards. */
export function createCell({ name, isNumber }: Column, ...children: readonly Node[]): HTMLElement {
  const classes = isNumber ? 'cell number' : 'cell';
  return element('div', { class: classes, attributes: { role: 'cell', 'data-name': name } }, ...children);
}

/** Names and values, two columns. */
export function createFacts(facts: readonly (readonly [name: string, value: string])[]): HTMLElement {
  const rows = facts.map(([name, value]) =>
    element('div', {}, element('dt', { text: name }), element('dd', { text: value })),
  );
  return element('dl', { class: 'facts' }, ...rows);
}
