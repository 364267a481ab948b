import type { DynoView } from './dyno-view.ts';
import type { GroupView } from './groups.ts';

/** A group's heading or a dyno, at its place in the list. In CSS pixels. */
export interface Placed {
  readonly kind: 'group' | 'dyno';
  readonly key: string;
  readonly item: GroupView | DynoView;
  readonly top: number;
  readonly height: number;
}

/** Heights are fixed, so that the place of every row is known without laying it out. */
const HEIGHTS = {
  wide: { group: 52, dyno: 92 },
  narrow: { group: 92, dyno: 210 },
} as const;

/** Rows above and below the window that exist already when a scroll reaches them. */
const MARGIN_PX = 500;

export function placeItems(groups: readonly GroupView[], isNarrow: boolean): readonly Placed[] {
  const heights = isNarrow ? HEIGHTS.narrow : HEIGHTS.wide;
  const placed: Placed[] = [];
  let top = 0;
  const add = (kind: Placed['kind'], key: string, item: Placed['item']) => {
    placed.push({ kind, key, item, top, height: heights[kind] });
    top += heights[kind];
  };
  for (const group of groups) {
    add('group', `group ${group.key}`, group);
    for (const view of group.shown) add('dyno', view.key, view);
  }
  return placed;
}

/**
 * The items in the window, and the one that has the focus wherever it is.
 *
 * @param top the upper edge of the window, from the top of the list
 */
export function visibleItems(
  items: readonly Placed[],
  top: number,
  height: number,
  focusedKey: string | null,
): readonly Placed[] {
  return items.filter(
    (item) =>
      item.key === focusedKey || (item.top + item.height > top - MARGIN_PX && item.top < top + height + MARGIN_PX),
  );
}
