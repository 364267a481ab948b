import type { CurveFeatures } from '../features.ts';

/** A single peak over a level floor. */
export const spike = { class: 'spike', matches: ({ isAtPeak }: CurveFeatures): boolean => isAtPeak } as const;
