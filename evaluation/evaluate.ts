import { BASELINES, type CandidateKey, candidateFor, TIDEMARK_KEY } from './candidates.ts';
import { type Cost, costOf, costSeries } from './costs.ts';
import { type FalseRestarts, falseRestartsOf } from './false-restarts.ts';
import { partsOf, runParts } from './pool/parts.ts';
import { Random } from './random.ts';
import type { Baseline } from './restarters/rule.ts';
import { type DynoScore, type FamilyScore, LOOP_RESTARTS, scoreFamily } from './score.ts';
import { familyOf, type Split } from './splits.ts';

export interface EvaluateOptions {
  readonly split: Split;
  readonly families: readonly string[];
  readonly dynos: number;
  /** Dynos of each family that a setting of a baseline is tried on, on the dev split. */
  readonly tuneDynos: number;
  readonly baselines: boolean;
}

export interface CandidateScore {
  readonly key: CandidateKey;
  readonly setting: Readonly<Record<string, number>>;
  readonly families: readonly FamilyScore[];
  /** 0 to 1: the mean over families of what `goodness` says; settings are chosen by it. */
  readonly goodness: number;
  readonly falseRestarts: FalseRestarts | null;
  readonly cost: Cost;
}

const BOOTSTRAP_SEED = 7;

export async function evaluate(options: EvaluateOptions): Promise<readonly CandidateScore[]> {
  const keys = [TIDEMARK_KEY, ...(options.baselines ? await tunedOf(BASELINES, options) : [])];
  const scores = await scoreAll(keys, options);
  // Measured last, when no other thread is running.
  const series = costSeries();
  return scores.map((score) => ({ ...score, cost: costOf(candidateFor(score.key), series) }));
}

/** Of each baseline the setting that does best on dynos of the dev split. */
export async function tunedOf(
  baselines: readonly Baseline[],
  options: Pick<EvaluateOptions, 'families' | 'tuneDynos'>,
): Promise<readonly CandidateKey[]> {
  const keys = baselines.flatMap(({ name, settings }) => settings.map((_, setting) => ({ name, setting })));
  const scores = await scoreAll(keys, { families: options.families, split: 'dev', dynos: options.tuneDynos });
  return baselines.map(({ name }) => {
    const own = scores.filter(({ key }) => key.name === name).sort((a, b) => b.goodness - a.goodness);
    const [best] = own;
    if (best === undefined) throw new Error(`${name} has no setting`);
    return best.key;
  });
}

async function scoreAll(
  keys: readonly CandidateKey[],
  { split, families, dynos }: Pick<EvaluateOptions, 'split' | 'families' | 'dynos'>,
): Promise<readonly Omit<CandidateScore, 'cost'>[]> {
  const parts = keys.flatMap((candidate) => partsOf(candidate, { split, families, dynos }));
  const results = await runParts(parts);
  return keys.map((key) => {
    const ofFamilies = families.map((family) => {
      const own = results.filter((_, index) => parts[index]?.candidate === key && parts[index]?.family === family);
      return own.flat();
    });
    const scores = families.map((family, index) => {
      const random = new Random(BOOTSTRAP_SEED);
      return scoreFamily(family, ofFamilies[index] ?? [], () => random.unit());
    });
    const goods = families.map((family, index) => goodness(family, scores[index], ofFamilies[index] ?? []));
    return {
      key,
      setting: BASELINES.find(({ name }) => name === key.name)?.settings[key.setting] ?? {},
      families: scores,
      goodness: goods.reduce((sum, good) => sum + good, 0) / goods.length,
      falseRestarts: falseRestartsOf(scores),
    };
  });
}

/** F1 for a family that needs restarts; for a healthy family, the fraction of dynos that were left alone. */
function goodness(familyId: string, score: FamilyScore | undefined, dynos: readonly DynoScore[]): number {
  const { duty } = familyOf(familyId);
  if (duty === 'bloat' || duty === 'leak' || duty === 'growth-under-load') return score?.f1 ?? 1;
  const allowed = duty === 'loop' ? LOOP_RESTARTS : 0;
  return dynos.filter(({ restarts }) => restarts <= allowed).length / Math.max(1, dynos.length);
}
