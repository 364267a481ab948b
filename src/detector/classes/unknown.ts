import type { CurveFeatures } from '../curve/features.ts';

/** A floor that has risen and has not come to rest: it may become either. */
export const unknown = { class: 'unknown', matches: ({ hasRisen }: CurveFeatures): boolean => hasRisen } as const;
