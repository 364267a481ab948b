import type { CurveFeatures } from '../curve/features.ts';

/** Memory that goes up and is given back, over and over. */
export const sawtooth = {
  class: 'sawtooth',
  matches: ({ isSawtooth, peaksRecur }: CurveFeatures): boolean => isSawtooth || peaksRecur,
} as const;
