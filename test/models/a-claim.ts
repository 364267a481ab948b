import type { ClaimRequest } from '../../src/ports.ts';

const SHOP = { app: 'shop', processType: 'worker' };

export function aClaim(changes: Partial<ClaimRequest> = {}): ClaimRequest {
  return {
    target: SHOP,
    dyno: 'worker.1',
    bootId: 'boot-1',
    bootIdSource: 'platform',
    bootStartTimeMs: 1_700_000_000_000,
    by: 'policy',
    dryRun: false,
    reason: 'sustained-over-soft-limit',
    explanation: 'The floor stands at 450 MB – 88 % of "512 MB".',
    usageBytes: 450.5 * 1024 ** 2,
    floorBytes: 440 * 1024 ** 2,
    limitBytes: null,
    ...changes,
  };
}
