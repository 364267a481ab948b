import type { PageState } from '../live/state.ts';
import { liveRange, type SpanName, type TimeRange, zoomOf } from '../model/axis.ts';
import { type DynoView, dynoKey, groupKey, viewOf } from '../model/dynos/dyno-view.ts';
import { groupsOf } from '../model/dynos/groups.ts';
import { matches, SORTS, type SortName } from '../model/dynos/order.ts';
import { numberOf } from '../model/words/sizes.ts';
import { element, region } from '../view/dom.ts';
import { createAxis } from './axis.ts';
import { createEmptyState } from './empty-state.ts';
import { createLegend } from './legend.ts';
import { DynoList } from './list.ts';
import { createToolbar } from './toolbar.ts';

export interface DynosEvents {
  onOpen(key: string): void;
  onPause(target: string): void;
  onResume(target: string): void;
}

/** Toolbar, axis and list, or what to do while no dyno reports. */
export class DynosSection {
  readonly #folds = new Map<string, boolean>();
  readonly #axis = createAxis();
  readonly #empty = createEmptyState();
  readonly #fleet: HTMLElement;
  readonly #list: DynoList;
  readonly #toolbar: ReturnType<typeof createToolbar>;
  #filter = '';
  #sort: SortName = 'trouble';
  #span: SpanName = 'auto';
  #zoom: TimeRange | null = null;
  #range: TimeRange = { fromMs: 0, toMs: 1 };
  #shown: { readonly state: PageState; readonly nowMs: number } | null = null;

  constructor(events: DynosEvents) {
    this.#list = this.#createList(events);
    this.#toolbar = createToolbar({
      onFilter: (text) => this.#again(() => (this.#filter = text)),
      onSort: (name) => this.#again(() => (this.#sort = name)),
      onSpan: (name) => this.#setSpan(name),
    });
    this.#fleet = element('div', { class: 'fleet' }, this.#axis.node, this.#list.node, createLegend());
    const title = element('h2', { id: 'dynos-title', text: 'Dynos' });
    const head = element('div', { class: 'panel-head' }, title, this.#toolbar.node);
    region('dynos').append(head, this.#empty.node, this.#fleet);
  }

  show(state: PageState, nowMs: number): void {
    this.#shown = { state, nowMs };
    const all = [...state.dynos.values()].map((dyno) => viewOf(dyno, nowMs));
    const isFiltered = this.#filter !== '';
    const found = isFiltered ? all.filter((view) => matches(view, this.#filter)) : all;
    this.#range = sameOr(this.#range, this.#zoom ?? liveRange(this.#span, oldestMs(found), nowMs));
    this.#empty.show(state);
    this.#fleet.hidden = all.length === 0;
    this.#toolbar.node.hidden = all.length === 0;
    this.#toolbar.show(this.#span, this.#zoom !== null, isFiltered ? `${numberOf(found.length, 'dyno')} found` : '');
    this.#axis.show(this.#range, nowMs);
    const { status } = state;
    const { compare } = SORTS[this.#sort];
    const groups = groupsOf({ views: found, status, compare, folds: this.#folds, isFiltered });
    this.#list.show({ groups, range: this.#range, nowMs, isReadOnly: status?.read_only !== false });
  }

  focusFilter(): void {
    this.#toolbar.filter.focus();
  }

  focusFirst(): void {
    this.#list.focusFirst();
  }

  /** Brings a dyno into view, also from a folded group. */
  focusDyno(key: string): void {
    const dyno = this.#shown?.state.dynos.get(key);
    if (dyno === undefined) return;
    this.#again(() => this.#folds.set(groupKey(dyno), false));
    this.#list.focus(key);
  }

  #createList(events: DynosEvents): DynoList {
    return new DynoList({
      onOpen: (dyno) => events.onOpen(dynoKey(dyno)),
      onPause: events.onPause,
      onResume: events.onResume,
      onHover: (timeMs) => {
        this.#axis.hover(timeMs);
        this.#list.hover(timeMs);
      },
      onZoom: (aMs, bMs) => this.#again(() => (this.#zoom = zoomOf(aMs, bMs))),
      onReset: () => this.#setSpan('auto'),
      onFold: (key, isFolded) => this.#again(() => this.#folds.set(key, isFolded)),
    });
  }

  #setSpan(name: SpanName): void {
    this.#again(() => {
      this.#span = name;
      this.#zoom = null;
    });
  }

  #again(change: () => void): void {
    change();
    if (this.#shown !== null) this.show(this.#shown.state, this.#shown.nowMs);
  }
}

/** The same object while it is the same range, so that rows see that nothing moved. */
function sameOr(before: TimeRange, next: TimeRange): TimeRange {
  return before.fromMs === next.fromMs && before.toMs === next.toMs ? before : next;
}

function oldestMs(views: readonly DynoView[]): number | null {
  let oldest: number | null = null;
  for (const { dyno } of views) {
    const first = dyno.curve?.times_ms[0];
    if (first !== undefined && (oldest === null || first < oldest)) oldest = first;
  }
  return oldest;
}
