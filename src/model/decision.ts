import type { Target } from './target.ts';

/** What the memory curve of a boot looks like. */
export const MEMORY_CLASSES = ['warming', 'healthy', 'spike', 'sawtooth', 'bloat', 'leak', 'unknown'] as const;
export type MemoryClass = (typeof MEMORY_CLASSES)[number];

export type Action = 'none' | 'restart' | 'advise';

/**
 * Why a decision is what it is: a closed list, so that dashboards and alerts can rely on it. The sentence beside it
 * (`Decision.explanation`) carries the numbers.
 */
export const REASONS = [
  // nothing to do
  'warming-up',
  'no-growth',
  'below-limits',
  'not-settled',
  'peak-returns',
  'sawtooth',
  'leak-far-from-limit',
  'cycle-comes-first',
  'silent',
  // the curve asks for a restart
  'sustained-over-soft-limit',
  'leak-near-limit',
  'hard-limit',
  'kill-point',
  'max-rss',
  'requested',
  // the curve asks for it, yet a restart would not help or cannot be judged: advice
  'limit-unknown',
  'reclaimable-unknown',
  'load',
  'working-set',
  'memory-comes-back',
  // whatever the curve asks for: it is not known to be a dyno of the platform
  'boot-not-listed',
  'dyno-id-shared',
  // the curve asks for it and it would help, yet it may not be made now
  'not-allowed',
  'app-unknown',
  'dyno-not-up',
  'abandoned-lately',
  'min-uptime',
  'paused',
  'ledger-hold',
  'attempt-open',
  'boot-spent',
  'cooldown',
  'budget',
  'breaker-open',
  'min-healthy',
  'another-first',
  'jobs-running',
  'ledger-unavailable',
  'eviction-policy',
  'platform-unavailable',
  'taking-over',
] as const;
export type Reason = (typeof REASONS)[number];

/** What the detector and the policy make of one boot, before it is asked whether it may be acted on. Memory in bytes. */
export interface Verdict {
  readonly timeMs: number;
  readonly class: MemoryClass;
  readonly action: Action;
  readonly reason: Reason;
  /** One plain sentence: what was seen and what would happen without it. */
  readonly explanation: string;
  readonly usageBytes: number | null;
  readonly limitBytes: number | null;
  readonly softLimitBytes: number | null;
  readonly hardLimitBytes: number | null;
  readonly floorBytes: number | null;
  /** What a restart would give back; null where nothing is known of the floor this target shows after its warm-up. */
  readonly reclaimableBytes: number | null;
  /** Until the floor reaches the limit at its present slope; null where it does not rise. */
  readonly timeToLimitMs: number | null;
  readonly activeJobs: number | null;
  /** Urgent: the hard limit or the kill point asks, so it comes before any other boot of the target. */
  readonly urgent: boolean;
  /** Until when a moment without jobs may be waited for (Unix ms); null where there is no such time. */
  readonly patientUntilMs: number | null;
}

/** A verdict on a boot, after it was asked whether it may be acted on: also "nothing", with the reason. */
export interface Decision extends Verdict {
  readonly app: string | null;
  readonly dyno: string;
  readonly processType: string;
  readonly bootId: string;
  /** Null where the app is unknown. */
  readonly target: Target | null;
  /** What the curve asks a restart for, also where something stands against it now; null where it asks for none. */
  readonly wanted: Reason | null;
  /** The target is on the dry list: the attempt stops after its first re-read. */
  readonly dryRun: boolean;
}
