import type { Decision } from '../../src/model/decision.ts';

/** A decision about a boot of shop's worker.1 that is well, with the changes that a test cares about. */
export function aDecision(changes: Partial<Decision> = {}): Decision {
  return {
    timeMs: 1_700_000_000_000,
    app: 'shop',
    dyno: 'worker.1',
    processType: 'worker',
    bootId: 'boot-1',
    target: { app: 'shop', processType: 'worker' },
    class: 'healthy',
    action: 'none',
    reason: 'no-growth',
    explanation: 'The floor stays at 120 MB.',
    usageBytes: 120,
    limitBytes: 512,
    softLimitBytes: 410,
    hardLimitBytes: 512,
    floorBytes: 118,
    reclaimableBytes: 0,
    timeToLimitMs: null,
    activeJobs: 0,
    urgent: false,
    patientUntilMs: null,
    wanted: null,
    dryRun: false,
    ...changes,
  };
}
