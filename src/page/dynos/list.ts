import type { TimeRange } from '../model/axis.ts';
import type { DynoView } from '../model/dynos/dyno-view.ts';
import type { GroupView } from '../model/dynos/groups.ts';
import { type Placed, placeItems, visibleItems } from '../model/dynos/placing.ts';
import { element, setAttribute } from '../view/dom.ts';
import { createGroupRow, type GroupEvents, type GroupRow } from './group-row.ts';
import { createRow, type Row, type RowEvents } from './row.ts';

interface ListFrame {
  readonly groups: readonly GroupView[];
  readonly range: TimeRange;
  readonly nowMs: number;
  readonly isReadOnly: boolean;
}

/** Which rows get their words and curve: scrolling changes nothing of those that stay. */
type Filling = 'all' | 'new';

/** Narrower than this, a dyno is a card. Also in the style sheets. */
const NARROW = matchMedia('(max-width: 859px)');

type Entry = { readonly kind: 'dyno'; readonly row: Row } | { readonly kind: 'group'; readonly row: GroupRow };

/**
 * Groups and rows in the flow of the page, of which only those near the window exist: 500 dynos are as light as 10.
 * Elements are used again for other dynos, except the one that has the focus.
 */
export class DynoList {
  readonly node = element('div', {
    class: 'dyno-list',
    attributes: { role: 'list', 'aria-label': 'Dynos by target' },
  });
  readonly #events: RowEvents & GroupEvents;
  readonly #shown = new Map<string, Entry>();
  readonly #freeRows: Row[] = [];
  #frame: ListFrame | null = null;
  #items: readonly Placed[] = [];
  #hoverMs: number | null = null;
  /** Of a curve. Kept, because to ask for it makes the browser lay the page out. */
  #width = 0;
  #scheduled: Filling | null = null;

  constructor(events: RowEvents & GroupEvents) {
    this.#events = events;
    addEventListener('scroll', () => this.#schedule('new'), { passive: true });
    new ResizeObserver(() => this.#place()).observe(this.node);
    this.node.addEventListener('keydown', (event) => this.#onKey(event));
  }

  show(frame: ListFrame): void {
    this.#frame = frame;
    this.#place();
    this.#render('all');
  }

  hover(timeMs: number | null): void {
    this.#hoverMs = timeMs;
    for (const entry of this.#shown.values()) if (entry.kind === 'dyno') entry.row.hover(timeMs);
  }

  /** Brings a dyno or the heading of a group into view and focuses it. */
  focus(key: string): void {
    const item = this.#items.find((one) => one.key === key);
    if (item === undefined) return;
    const top = this.node.getBoundingClientRect().top + item.top;
    if (top < HEADER_PX || top + item.height > innerHeight - 20) scrollBy({ top: top - innerHeight / 2 });
    this.#render('new');
    this.#shown.get(key)?.row.button.focus({ preventScroll: true });
  }

  /** The first dyno, which is the worst one; the first group where all are folded. */
  focusFirst(): void {
    const first = this.#items.find(({ kind }) => kind === 'dyno') ?? this.#items[0];
    if (first !== undefined) this.focus(first.key);
  }

  #place(): void {
    this.#items = placeItems(this.#frame?.groups ?? [], NARROW.matches);
    const last = this.#items.at(-1);
    this.node.style.height = `${last === undefined ? 0 : last.top + last.height}px`;
    this.#width = curveWidth(this.node);
    this.#schedule('all');
  }

  #schedule(what: Filling): void {
    const isScheduled = this.#scheduled !== null;
    if (this.#scheduled !== 'all') this.#scheduled = what;
    if (isScheduled) return;
    requestAnimationFrame(() => {
      const due = this.#scheduled ?? 'new';
      this.#scheduled = null;
      this.#render(due);
    });
  }

  #render(what: Filling): void {
    const frame = this.#frame;
    if (frame === null) return;
    const { top } = this.node.getBoundingClientRect();
    const wanted = visibleItems(this.#items, -top, innerHeight, focusedKey(this.node));
    this.#release(new Set(wanted.map(({ key }) => key)));
    const at = { width: this.#width, hoverMs: this.#hoverMs };
    let next = this.node.firstElementChild;
    for (const item of wanted) {
      const known = this.#shown.get(item.key);
      const entry = known ?? this.#take(item);
      const { row } = entry;
      if (known === undefined || what === 'all') {
        fill(entry, item, frame, at);
        put(row.node, item, this.#items.length);
      }
      if (row.node === next) next = next.nextElementSibling;
      else this.node.insertBefore(row.node, next);
    }
  }

  #release(wanted: ReadonlySet<string>): void {
    for (const [key, entry] of this.#shown) {
      if (wanted.has(key)) continue;
      entry.row.node.remove();
      this.#shown.delete(key);
      if (entry.kind === 'dyno') this.#freeRows.push(entry.row);
    }
  }

  #take({ key, kind }: Placed): Entry {
    const entry: Entry =
      kind === 'group'
        ? { kind, row: createGroupRow(this.#events) }
        : { kind, row: this.#freeRows.pop() ?? createRow(this.#events) };
    this.#shown.set(key, entry);
    entry.row.node.dataset.key = key;
    return entry;
  }

  #onKey(event: KeyboardEvent): void {
    const step = KEYS[event.key];
    if (step === undefined) return;
    const at = this.#items.findIndex((item) => item.key === focusedKey(this.node));
    const target = this.#items[Math.min(this.#items.length - 1, Math.max(0, at + step))];
    if (target === undefined) return;
    event.preventDefault();
    this.focus(target.key);
  }
}

const KEYS: Readonly<Record<string, 1 | -1>> = { ArrowDown: 1, j: 1, ArrowUp: -1, k: -1 };
const CURVE_HEIGHT = 64;
/** What may hide the top of the window: header and axis. */
const HEADER_PX = 180;

function fill(entry: Entry, item: Placed, frame: ListFrame, at: { width: number; hoverMs: number | null }): void {
  if (entry.kind === 'group') entry.row.update(item.item as GroupView, frame.isReadOnly);
  else {
    const { range, nowMs } = frame;
    entry.row.update(item.item as DynoView, { range, nowMs, height: CURVE_HEIGHT, ...at });
  }
}

function put(node: HTMLElement, { top, height }: Placed, count: number): void {
  const transform = `translateY(${top}px)`;
  if (node.style.transform !== transform) node.style.transform = transform;
  const size = `${height}px`;
  if (node.style.height !== size) node.style.height = size;
  setAttribute(node, 'aria-setsize', String(count));
}

function focusedKey(node: HTMLElement): string | null {
  const focused = document.activeElement;
  if (focused === null || !node.contains(focused)) return null;
  return focused.closest<HTMLElement>('[data-key]')?.dataset.key ?? null;
}

/** All curves are as wide as the axis above them, which the same grid lays out. */
function curveWidth(node: HTMLElement): number {
  const axis = node.parentElement?.querySelector('.axis-plot');
  return Math.max(80, Math.floor(axis?.clientWidth ?? 320));
}
