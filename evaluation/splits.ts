import { GROWING } from './families/growing.ts';
import { HEALTHY } from './families/healthy.ts';
import { LOAD } from './families/load.ts';
import type { Family } from './family.ts';

export const FAMILIES: readonly Family[] = [...HEALTHY, ...GROWING, ...LOAD];

/**
 * Parameters are chosen on `dev`. The others are only for published figures, each for one look: `test-v2` was drawn
 * when the families of load were added, `test-v3` when parts that bought nothing had been deleted, `test-v4` when dynos
 * were no longer restarted over and over for a cache, `test-v5` when jobs that have ended counted as holding memory,
 * `test-v6` when the evaluation decided as often as the service,
 * `test-v7` when leaks that start late were looked for, `test-v8` when what came back by itself was followed at every
 * height, `test-v9` when early restarts were kept for a week and a silence was no longer judged by what came before it.
 */
export const SPLITS = [
  'dev',
  'test',
  'test-v2',
  'test-v3',
  'test-v4',
  'test-v5',
  'test-v6',
  'test-v7',
  'test-v8',
  'test-v9',
] as const;
export type Split = (typeof SPLITS)[number];

const FIRST_SEED: Readonly<Record<Split, number>> = {
  dev: 1_000_000,
  test: 2_000_000,
  'test-v2': 3_000_000,
  'test-v3': 4_000_000,
  'test-v4': 5_000_000,
  'test-v5': 6_000_000,
  'test-v6': 7_000_000,
  'test-v7': 8_000_000,
  'test-v8': 9_000_000,
  'test-v9': 10_000_000,
};
const SEEDS_OF_FAMILY = 10_000;

/** The seed of a family's n-th dyno: seeds of two splits never coincide. */
export function seedOf(split: Split, familyId: string, dyno: number): number {
  const index = FAMILIES.findIndex(({ id }) => id === familyId);
  if (index < 0 || dyno < 0 || dyno >= SEEDS_OF_FAMILY) throw new RangeError(`no dyno ${dyno} of a family ${familyId}`);
  return FIRST_SEED[split] + index * SEEDS_OF_FAMILY + dyno;
}

export function familyOf(id: string): Family {
  const family = FAMILIES.find((other) => other.id === id);
  if (family === undefined)
    throw new RangeError(`no family ${id}; there are ${FAMILIES.map(({ id }) => id).join(', ')}`);
  return family;
}
