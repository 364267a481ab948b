import type { CurveFeatures } from '../curve/features.ts';

/** Too little has been seen to say anything. */
export const warming = {
  class: 'warming',
  matches: ({ sustainedBytes }: CurveFeatures): boolean => sustainedBytes === null,
} as const;
