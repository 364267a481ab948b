import fc from 'fast-check';
import type { Curve, CurveSample } from '../../../src/detector/curve/curve.ts';
import { type CurveFeatures, type FeatureContext, featuresOf } from '../../../src/detector/curve/features.ts';
import { MIB } from '../curves.ts';

export const WINDOW_MS = 60_000;
export const START_MS = 1_700_000_000_000;

export interface Sample {
  readonly gapMs: number;
  readonly usageBytes: number;
  readonly activeJobs: number | null;
}

/** Hours of samples up to a minute apart, with a gap now and then, up to the largest memory there is. */
export const arbitrarySamples = fc.array(
  fc.record({
    gapMs: fc.oneof(
      { weight: 20, arbitrary: fc.integer({ min: 1, max: 60_000 }) },
      fc.integer({ min: 1, max: 40_000_000 }),
    ),
    usageBytes: fc.oneof(fc.integer({ min: 0, max: 600 * MIB }), fc.integer({ min: 0, max: 2 ** 45 })),
    activeJobs: fc.option(fc.integer({ min: 0, max: 20 })),
  }),
  { minLength: 1, maxLength: 400, size: 'max' },
);

/**
 * Feeds samples of which jobs hold nothing, and computes the features of each bucket that closes. Returns the time of
 * the last.
 */
export function feed(curve: Curve, samples: readonly Sample[], fromMs = START_MS): number {
  let timeMs = fromMs;
  for (const { gapMs, usageBytes, activeJobs } of samples) {
    timeMs += gapMs;
    if (
      curve.observe({
        timeMs,
        ownBytes: usageBytes,
        heldByJobsBytes: 0,
        jobsBytes: 0,
        activeJobs,
        holdingJobs: activeJobs,
      })
    )
      featuresSeen(curve);
  }
  return timeMs;
}

/** What `at` says for a minute of the boot's life. */
export type At = (minute: number) => Partial<CurveSample> & { readonly ownMb: number };

/** Feeds a sample every 12 s, five a window. */
export function feedMinutes(curve: Curve, minutes: number, at: At): Curve {
  for (let index = 0; index < minutes * 5; index += 1) {
    const { ownMb, ...changes } = at(index / 5);
    curve.observe({
      timeMs: START_MS + index * 12_000,
      ownBytes: ownMb * MIB,
      heldByJobsBytes: 0,
      jobsBytes: 0,
      activeJobs: null,
      holdingJobs: changes.activeJobs ?? null,
      ...changes,
    });
  }
  return curve;
}

/** The features on a dyno of 512 MB, where nothing is known of what a job holds. */
export function featuresSeen(curve: Curve, context: Partial<FeatureContext> = {}): CurveFeatures {
  return featuresOf(curve, {
    limitBytes: 512 * MIB,
    softLimitBytes: 410 * MIB,
    perJob: { bytes: 0, marginBytes: 0 },
    before: null,
    ...context,
  });
}

export function written(curve: Curve): string {
  return JSON.stringify(curve);
}
