import type { Target } from './target.ts';

/** The class of a boot's memory curve. */
export const MEMORY_CLASSES = ['warming', 'healthy', 'spike', 'sawtooth', 'bloat', 'leak', 'unknown'] as const;
export type MemoryClass = (typeof MEMORY_CLASSES)[number];

export type Action = 'none' | 'restart' | 'advise';

/**
 * The reason for a decision: a closed list, so that dashboards and alerts can rely on it. The sentence in
 * `Decision.explanation` has the numbers.
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

/**
 * The judgement of one boot by detector and policy, before any check whether a restart is possible now. Memory in
 * bytes.
 */
export interface Verdict {
  readonly timeMs: number;
  readonly class: MemoryClass;
  readonly action: Action;
  readonly reason: Reason;
  /** One plain sentence: what was seen, and what would happen without a restart. */
  readonly explanation: string;
  readonly usageBytes: number | null;
  readonly limitBytes: number | null;
  readonly softLimitBytes: number | null;
  readonly hardLimitBytes: number | null;
  readonly floorBytes: number | null;
  /** What a restart would free; null where the target's floor after warm-up is unknown. */
  readonly reclaimableBytes: number | null;
  /** Time until the floor reaches the limit at its present slope; null where it does not rise. */
  readonly timeToLimitMs: number | null;
  readonly activeJobs: number | null;
  /** The reason is the hard limit or the kill point, so this boot comes before the target's others. */
  readonly urgent: boolean;
  /** How long the restart may wait for a moment without jobs (Unix ms); null where it may not wait. */
  readonly patientUntilMs: number | null;
}

/** A verdict after the checks whether a restart is possible now. "None" is a decision too, with its reason. */
export interface Decision extends Verdict {
  readonly app: string | null;
  readonly dyno: string;
  readonly processType: string;
  readonly bootId: string;
  /** Null where the app is unknown. */
  readonly target: Target | null;
  /** Why the curve asks for a restart, even if none is possible now; null where it asks for none. */
  readonly wanted: Reason | null;
  /** When what stands against the restart ends by itself (Unix ms); null or absent where nothing does, or unknown. */
  readonly waitsUntilMs?: number | null;
  /** The target is on the dry list: the attempt stops after its first re-read. */
  readonly dryRun: boolean;
}
