import type { CurveFeatures } from '../curve/features.ts';

/** A floor that keeps rising. */
export const leak = { class: 'leak', matches: ({ rise }: CurveFeatures): boolean => rise !== null } as const;
