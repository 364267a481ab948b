import type { DynoView } from '../views.ts';

/** Where a dyno is in all lists. */
export type DynoPlace = readonly [app: string | null, dyno: string];

/** Dynos that follow one another in a list. */
export interface DynosPage {
  readonly shown: readonly DynoView[];
  /** Dynos in all. */
  readonly total: number;
  /** Whether none is behind those that are shown. */
  readonly isEnd: boolean;
}

/** The order of all lists of dynos: `worker.2` before `worker.10`. */
export function compareDynos([app, dyno]: DynoPlace, [otherApp, otherDyno]: DynoPlace): number {
  return compareNames(app ?? '', otherApp ?? '') || compareNames(dyno, otherDyno);
}

/** Zero for equal names alone: a reader of pages must miss none. */
function compareNames(one: string, other: string): number {
  if (one === other) return 0;
  return COLLATOR.compare(one, other) || (one < other ? -1 : 1);
}

/** Made once: `localeCompare` makes one for each call. */
const COLLATOR = new Intl.Collator('en', { numeric: true });

export function placeOf({ decision: { app, dyno } }: DynoView): DynoPlace {
  return [app, dyno];
}
