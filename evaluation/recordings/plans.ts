import type { Random } from '../random.ts';
import { every, type PlannedWork, SECOND_MS, work } from './family.ts';

/** A bare worker of Node 24 and BullMQ is a quarter to a third of it. */
export const QUOTA_MIB = 384;

/** Imports that grow up to the largest: the stairs die out, for the next ones fit into what the allocator has kept. */
export function imports(random: Random, { most, count, fromMs, toMs }: Imports): readonly PlannedWork[] {
  return Array.from({ length: count }, (_, index) => {
    const share = 1 - 0.75 * 0.45 ** index;
    const megabytes = Math.round(most * Math.min(1, share) * random.between(0.94, 1));
    const atMs = Math.round(fromMs + ((toMs - fromMs) * (index + random.between(0, 0.5))) / count);
    return work(atMs, { kind: 'import-records', megabytes, seed: random.whole(1, 1_000_000) });
  });
}

interface Imports {
  readonly most: number;
  readonly count: number;
  readonly fromMs: number;
  readonly toMs: number;
}

interface Churn {
  readonly megabytes: readonly [number, number];
  readonly livesMs: readonly [number, number];
}

export const LITTLE: Churn = { megabytes: [2.5, 3.5], livesMs: [1500, 2500] };
export const LEAST: Churn = { megabytes: [1.5, 2], livesMs: [1000, 1500] };
export const MUCH: Churn = { megabytes: [4, 6], livesMs: [3000, 5000] };

export function churn(random: Random, seconds: number, much: Churn): readonly PlannedWork[] {
  const megabytes = random.between(...much.megabytes);
  const livesMs = random.whole(...much.livesMs);
  return every(random, { fromMs: 2000, toMs: seconds * SECOND_MS, everyMs: 400 }).map((atMs) =>
    work(atMs, { kind: 'aggregate', megabytes, livesMs }),
  );
}
