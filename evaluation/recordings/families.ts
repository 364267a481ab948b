import type { RecordedFamily } from './family.ts';
import { GROWING } from './growing-families.ts';
import { HEALTHY } from './healthy-families.ts';
import { UNDER_LOAD } from './load-families.ts';

export const RECORDED_FAMILIES: readonly RecordedFamily[] = [...HEALTHY, ...GROWING, ...UNDER_LOAD];
