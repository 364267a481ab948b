import type { CandidateKey } from '../candidates.ts';
import type { DynoScore } from '../score.ts';
import type { Split } from '../splits.ts';
import type { Part } from './part.ts';
import { Pool } from './pool.ts';

/** Which dynos are simulated: the first `dynos` of each family. */
export interface DynoSelection {
  readonly split: Split;
  readonly families: readonly string[];
  readonly dynos: number;
}

const MAX_DYNOS_OF_PART = 5;

export type PartPool = Pool<Part, readonly DynoScore[]>;

export function openPartPool(): PartPool {
  return new Pool(new URL('./part.ts', import.meta.url));
}

export function partsOf(candidate: CandidateKey, { split, families, dynos }: DynoSelection): readonly Part[] {
  return families.flatMap((family) =>
    Array.from({ length: Math.ceil(dynos / MAX_DYNOS_OF_PART) }, (_, index) => ({
      candidate,
      family,
      split,
      firstDyno: index * MAX_DYNOS_OF_PART,
      dynos: Math.min(MAX_DYNOS_OF_PART, dynos - index * MAX_DYNOS_OF_PART),
    })),
  );
}

/** Runs parts on all cores; the scores are in the order of the parts. */
export async function runParts(parts: readonly Part[]): Promise<readonly (readonly DynoScore[])[]> {
  const pool = openPartPool();
  try {
    return await pool.run(parts);
  } finally {
    await pool.close();
  }
}
