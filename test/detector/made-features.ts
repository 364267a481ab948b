import type { CurveFeatures } from '../../src/detector/curve/features.ts';
import type { Rise } from '../../src/detector/curve/rise.ts';
import { NO_SWINGS } from '../../src/detector/curve/swings.ts';
import { MIB } from './curves.ts';

const MINUTE_MS = 60_000;

/** A level floor of 200 MB since the warm-up, seen for an hour, with what a test changes of it. */
export function featuresWith(changes: Partial<CurveFeatures> = {}): CurveFeatures {
  return {
    timeMs: 60 * MINUTE_MS,
    bucketMs: MINUTE_MS,
    floorBytes: 200 * MIB,
    sustainedBytes: 200 * MIB,
    heldByJobsBytes: 0,
    baseBytes: 200 * MIB,
    loadMarginBytes: 0,
    isLoadKnown: true,
    noiseBytes: MIB,
    steps: 0,
    flatMs: 30 * MINUTE_MS,
    isSettled: true,
    hasRisen: false,
    peakBytes: 205 * MIB,
    isAtPeak: false,
    peaksRecur: false,
    isSawtooth: false,
    rise: null,
    leakBytesPerMs: null,
    riseHasEnded: false,
    floorOverSoftSinceMs: null,
    overSoftSinceMs: null,
    mayComeBack: false,
    swings: NO_SWINGS,
    ...changes,
  };
}

/** 60 MB an hour, at 461 MB an hour after the start. */
export const RISE: Rise = {
  bytesPerMs: MIB / MINUTE_MS,
  bytes: 461 * MIB,
  timeMs: 60 * MINUTE_MS,
};
