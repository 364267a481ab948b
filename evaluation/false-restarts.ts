import { HEALTHY } from './families/healthy.ts';
import type { FamilyScore } from './score.ts';

/** Totals over all healthy families, which should never be restarted. */
export interface FalseRestarts {
  readonly restarts: number;
  /** Healthy dyno-days. */
  readonly days: number;
  readonly perDay: number;
  /** The upper end of the 95 % interval of `perDay`. */
  readonly perDayAtMost: number;
}

/** Null if no family is healthy. */
export function falseRestartsOf(families: readonly FamilyScore[]): FalseRestarts | null {
  const healthy = families.filter(({ family }) => HEALTHY.some(({ id }) => id === family));
  const days = healthy.reduce((sum, score) => sum + score.days, 0);
  const restarts = healthy.reduce((sum, score) => sum + score.restarts, 0);
  return days === 0 ? null : { restarts, days, perDay: restarts / days, perDayAtMost: rateAtMost(restarts, days) };
}

const RARE = 0.05;

/**
 * The highest daily rate at which at most `events` in `days` days still happens once in twenty times: the upper end of
 * a 95 % interval. With zero events it is
 * 3 / `days` (the rule of three).
 */
export function rateAtMost(events: number, days: number): number {
  let [low, high] = [events, 2 * events + 10];
  while (high - low > 1e-9 * high) {
    const middle = (low + high) / 2;
    if (chanceOfAtMost(events, middle) > RARE) low = middle;
    else high = middle;
  }
  return high / days;
}

/** Poisson: the probability of at most `events` events if `expected` are expected. */
function chanceOfAtMost(events: number, expected: number): number {
  let [term, sum] = [1, 1];
  for (let count = 1; count <= events; count += 1) {
    term *= expected / count;
    sum += term;
  }
  return sum * Math.exp(-expected);
}
