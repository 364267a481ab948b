import type { BootRecord } from '../../src/demo/boot-records.ts';
import { MIB } from '../../src/demo/plan.ts';

export const SOFT = 400 * MIB;

/** A boot that starts at 0, with a sample of this many MB every 500 ms. */
export function boot(megabytes: readonly number[], changes: Partial<BootRecord> = {}): BootRecord {
  return {
    dyno: 'worker.1',
    type: 'worker',
    bootId: 'boot-a',
    number: 1,
    startedAtMs: 0,
    samples: megabytes.map((count, index) => ({ timeMs: index * 500, usageBytes: count * MIB })),
    restartRequestsMs: [],
    endedAtMs: null,
    end: null,
    endDetail: null,
    ...changes,
  };
}

export const LOW = Array.from({ length: 20 }, () => 120);
/** Ten seconds above the soft limit. */
export const PLATEAU = [120, 230, 310, 375, ...Array.from({ length: 20 }, () => 450)];
/** One second above it at a time. */
export const PEAKS = [120, 430, 440, 120, 120, 430, 440, 430, 120];
