import type { CurveFeatures } from '../curve/features.ts';

/** A floor that has risen, by steps that died out, and stays where it is. */
export const bloat = {
  class: 'bloat',
  matches: ({ hasRisen, isSettled }: CurveFeatures): boolean => hasRisen && isSettled,
} as const;
