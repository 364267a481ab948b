import { Random } from '../../evaluation/random.ts';

export interface Estimate {
  /** The median over the rounds. */
  readonly median: number;
  /** The interval that holds it in 95 of 100. */
  readonly low: number;
  readonly high: number;
}

const RESAMPLES = 4_000;
const SEED = 1;

/**
 * The median of a figure over rounds, and its 95 % interval by a bootstrap in two stages (percentiles of 4,000
 * resamples): rounds are drawn with replacement, and blocks within each. Processes of one kind differ from one another
 * by more than the blocks of one process do, so blocks alone would make the interval look too narrow.
 */
export function estimateOverBlocks<Block>(
  rounds: readonly (readonly Block[])[],
  figureOf: (blocks: readonly Block[]) => number,
): Estimate {
  const random = new Random(SEED);
  const medians = Array.from({ length: RESAMPLES }, () =>
    median(redrawn(rounds, random).map((blocks) => figureOf(redrawn(blocks, random)))),
  );
  return { median: median(rounds.map(figureOf)), low: quantile(medians, 0.025), high: quantile(medians, 0.975) };
}

/** The same for one number a round. */
export function estimate(numbers: readonly number[]): Estimate {
  return estimateOverBlocks(
    numbers.map((number) => [number]),
    ([number = Number.NaN]) => number,
  );
}

function redrawn<Item>(items: readonly Item[], random: Random): readonly Item[] {
  return items.map(() => random.pick(items));
}

function median(numbers: readonly number[]): number {
  return quantile(numbers, 0.5);
}

/** The value below which that fraction of the numbers lies, interpolated between neighbours. */
function quantile(numbers: readonly number[], part: number): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  const position = part * (sorted.length - 1);
  const below = sorted[Math.floor(position)] ?? Number.NaN;
  const above = sorted[Math.ceil(position)] ?? Number.NaN;
  return below + (above - below) * (position % 1);
}
