import { TUNING } from '../tuning.ts';

/** How much single samples vary, followed sample by sample. Kept with the curve as JSON. */
export interface NoiseState {
  /** Median of absolute second differences, bytes; null before the first three samples. */
  bendBytes: number | null;
  lastBytes: number | null;
  lastButOneBytes: number | null;
  busyRun: number;
}

export const NO_NOISE: Readonly<NoiseState> = { bendBytes: null, lastBytes: null, lastButOneBytes: null, busyRun: 0 };

/**
 * From the median of absolute second differences to a standard deviation: a normal one's is a root of 6 times larger.
 */
const DEVIATION_OF_SECOND_DIFFERENCE = 1.4826 / Math.sqrt(6);
/** Bounds of that median, as fractions of the level. */
const MIN_NOISE = 0.0001;
const MAX_NOISE = 0.3;
/** After this many consecutive busy samples, busy samples are used for the noise estimate. */
const BUSY_SAMPLES = 30;

/**
 * A median that moves a little with each value (a frugal one) of how far an idle sample lies off the line through the
 * two before it: what jobs take and give back is no noise, unless they never end. Changes `noise` in place.
 */
export function followNoise(noise: NoiseState, ownBytes: number, activeJobs: number | null): void {
  const isBusy = activeJobs !== null && activeJobs > 0;
  noise.busyRun = isBusy ? Math.min(noise.busyRun + 1, BUSY_SAMPLES) : 0;
  if (isBusy && noise.busyRun < BUSY_SAMPLES) return;
  const { lastBytes, lastButOneBytes, bendBytes } = noise;
  noise.lastButOneBytes = lastBytes;
  noise.lastBytes = ownBytes;
  if (lastBytes === null || lastButOneBytes === null) return;
  const bend = Math.abs(ownBytes - 2 * lastBytes + lastButOneBytes);
  const moved =
    bendBytes === null ? bend : bendBytes * (bend > bendBytes ? 1 + TUNING.noiseStep : 1 - TUNING.noiseStep);
  noise.bendBytes = Math.min(Math.max(moved, MIN_NOISE * ownBytes), MAX_NOISE * ownBytes);
}

/**
 * The lowest of n running medians of three normal values lies this many standard deviations below their mean (from
 * 4,000 draws).
 */
const LOWEST_OF = [0, 0, 0.2, 0.34, 0.47, 0.55, 0.63, 0.68, 0.74, 0.77, 0.83, 0.86, 0.9] as const;
/** Standard deviation of one sample, bytes. */
export function sampleDeviation({ bendBytes }: NoiseState): number {
  return (bendBytes ?? 0) * DEVIATION_OF_SECOND_DIFFERENCE;
}

/** How far the lowest of `samples` noisy samples lies below the truth, bytes. */
export function biasOfLowest(noise: NoiseState, samples: number): number {
  return (LOWEST_OF[Math.min(samples, LOWEST_OF.length - 1)] ?? 0) * sampleDeviation(noise);
}
