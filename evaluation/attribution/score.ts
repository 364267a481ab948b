import type { Recording } from './recording.ts';

export interface Score {
  /** The name that keeps most comes first. */
  readonly isRightFirst: boolean;
  /** What the names that keep memory got, each at most what it kept, as a fraction of all that was kept. */
  readonly rightFraction: number;
}

/**
 * @param estimatedBytes of each name by index, then of the time without jobs where the method knows it; only how they
 * stand to each other counts
 */
export function scoreOf({ keptBytes, events, startRssBytes }: Recording, estimatedBytes: readonly number[]): Score {
  const grownBytes = (events.at(-1)?.rssBytes ?? 0) - startRssBytes;
  // All estimates add up to the growth of the process, as Tidemark's do.
  const scale = grownBytes / sum(estimatedBytes);
  const right = keptBytes.map((kept, name) => Math.min(kept, Math.max(0, scale * (estimatedBytes[name] ?? 0))));
  return {
    isRightFirst: indexOfMost(estimatedBytes.slice(0, keptBytes.length)) === indexOfMost(keptBytes),
    rightFraction: sum(right) / sum(keptBytes),
  };
}

export interface Summary {
  readonly runs: number;
  readonly rightFirst: number;
  readonly medianFraction: number;
  readonly worstFraction: number;
}

export function summaryOf(scores: readonly Score[]): Summary {
  const fractions = scores.map(({ rightFraction }) => rightFraction).sort((a, b) => a - b);
  return {
    runs: scores.length,
    rightFirst: scores.filter(({ isRightFirst }) => isRightFirst).length,
    medianFraction: fractions[Math.trunc(fractions.length / 2)] ?? 0,
    worstFraction: fractions[0] ?? 0,
  };
}

function indexOfMost(numbers: readonly number[]): number {
  return numbers.indexOf(Math.max(...numbers));
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
