import { compareDynos, type DynoPlace, type DynosPage, placeOf } from '../../src/web/show/dyno-order.ts';
import type { DynoView } from '../../src/web/views.ts';

/**
 * What the actuator answers for one page of its dynos.
 * @param all in the order of all lists
 * @param place the page begins behind it; null: at the start
 */
export function pageOf(all: readonly DynoView[], place: DynoPlace | null, count: number): DynosPage {
  const rest = place === null ? all : all.filter((view) => compareDynos(placeOf(view), place) > 0);
  return { shown: rest.slice(0, count), total: all.length, isEnd: rest.length <= count };
}
