import type { CurveFeatures } from '../curve/features.ts';

/** A single peak over a level floor. */
export const spike = { class: 'spike', matches: ({ isAtPeak }: CurveFeatures): boolean => isAtPeak } as const;
