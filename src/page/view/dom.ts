/**
 * Elements from names and texts. Text from senders only ever becomes `textContent` or an attribute's value: nothing in
 * the page parses HTML.
 */
export interface Parts {
  readonly class?: string;
  readonly text?: string;
  readonly id?: string;
  readonly attributes?: Readonly<Record<string, string>>;
  readonly onClick?: (event: MouseEvent) => void;
}

export function element<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  parts: Parts = {},
  ...children: readonly (Node | null)[]
): HTMLElementTagNameMap[Name] {
  const made = document.createElement(name);
  if (parts.class !== undefined) made.className = parts.class;
  if (parts.id !== undefined) made.id = parts.id;
  if (parts.text !== undefined) made.textContent = parts.text;
  for (const [key, value] of Object.entries(parts.attributes ?? {})) made.setAttribute(key, value);
  if (parts.onClick !== undefined) made.addEventListener('click', parts.onClick as EventListener);
  made.append(...children.filter((child) => child !== null));
  return made;
}

const SVG = 'http://www.w3.org/2000/svg';

/** One of the symbols in index.html. It repeats a word that stands next to it, so it is hidden from screen readers. */
export function shape(name: string): SVGElement {
  const icon = document.createElementNS(SVG, 'svg');
  icon.setAttribute('class', 'shape');
  icon.setAttribute('aria-hidden', 'true');
  const use = document.createElementNS(SVG, 'use');
  use.setAttribute('href', `#shape-${name}`);
  icon.append(use);
  return icon;
}

export function setShape(icon: SVGElement, name: string): void {
  setAttribute(icon.firstElementChild as SVGElement, 'href', `#shape-${name}`);
}

/** Writes only what differs: an unchanged live region is not read out again. */
export function setText(target: Element, text: string): void {
  if (target.textContent !== text) target.textContent = text;
}

/** @param value null takes the attribute away */
export function setAttribute(target: Element, name: string, value: string | null): void {
  if (value === null) target.removeAttribute(name);
  else if (target.getAttribute(name) !== value) target.setAttribute(name, value);
}

/** A region of the page by its id; a missing one is a fault of index.html. */
export function region(id: string): HTMLElement {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`index.html has no #${id}`);
  return found;
}

/** What stands in a keyed list: an element and how it shows a newer item. */
export interface Shown<Item> {
  readonly node: HTMLElement;
  update(item: Item): void;
}

/**
 * Shows items in order and keeps the element of each key, so that focus, open details and scroll stay where they are.
 */
export function keyedList<Item>(
  parent: HTMLElement,
  keyOf: (item: Item) => string,
  create: (item: Item) => Shown<Item>,
): (items: readonly Item[]) => void {
  const shown = new Map<string, Shown<Item>>();
  return (items) => {
    const keys = new Set(items.map(keyOf));
    for (const [key, { node }] of shown) {
      if (keys.has(key)) continue;
      node.remove();
      shown.delete(key);
    }
    let next = parent.firstElementChild;
    for (const item of items) {
      const key = keyOf(item);
      const entry = shown.get(key) ?? create(item);
      shown.set(key, entry);
      entry.update(item);
      if (entry.node === next) next = next.nextElementSibling;
      else parent.insertBefore(entry.node, next);
    }
  };
}
