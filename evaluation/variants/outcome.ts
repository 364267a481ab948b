import type { CandidateKey } from '../candidates.ts';
import { type DynoSelection, openPartPool, partsOf } from '../pool/parts.ts';
import { Pool } from '../pool/pool.ts';
import type { DynoScore } from '../score.ts';
import type { Variant } from './variants.ts';

/** How a variant did. The dynos and the recordings are the same, in the same order, for each variant of a run. */
export interface Outcome {
  readonly variant: Variant;
  readonly dynos: readonly FamilyDyno[];
  /** Of each recording, whether the variant is right about it. */
  readonly recordings: readonly boolean[];
}

export interface FamilyDyno {
  readonly family: string;
  readonly score: DynoScore;
}

/** Runs each variant over the same dynos and recordings; `onOutcome` sees each as soon as it is there. */
export async function outcomesOf(
  variants: readonly Variant[],
  selection: DynoSelection,
  onOutcome: (outcome: Outcome) => void = () => undefined,
): Promise<readonly Outcome[]> {
  const [dynoPool, recordingPool] = [
    openPartPool(),
    new Pool<CandidateKey, readonly boolean[]>(new URL('./recordings-part.ts', import.meta.url)),
  ];
  const outcomes: Outcome[] = [];
  try {
    for (const variant of variants) {
      const parts = partsOf(variant.candidate, selection);
      const [scores, [recordings = []]] = await Promise.all([
        dynoPool.run(parts),
        recordingPool.run([variant.candidate]),
      ]);
      const dynos = parts.flatMap(({ family }, index) => (scores[index] ?? []).map((score) => ({ family, score })));
      const outcome = { variant, dynos, recordings };
      outcomes.push(outcome);
      onOutcome(outcome);
    }
  } finally {
    await Promise.all([dynoPool.close(), recordingPool.close()]);
  }
  return outcomes;
}
