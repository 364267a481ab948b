/** What the actuator's API answers, as far as the commands read it. */

export interface DynoRow {
  readonly app: string | null;
  readonly dyno: string;
  readonly class: string;
  readonly action: string;
  readonly reason: string;
  readonly explanation: string;
  readonly usage_bytes: number | null;
  readonly limit_bytes: number | null;
}

export interface DecisionRow extends DynoRow {
  readonly time_ms: number;
  readonly outcome: string | null;
}

export interface AttemptRow {
  readonly id: string;
  readonly app: string;
  readonly dyno: string;
  readonly phase: 'claimed' | 'draining' | 'sending' | 'closed';
  readonly outcome: string | null;
  readonly evidence: string | null;
  readonly by: 'policy' | 'person';
  readonly dry_run: boolean;
  readonly claimed_at_ms: number;
  readonly deadline_ms: number | null;
  readonly closed_at_ms: number | null;
  readonly reclaimed_bytes: number | null;
}

export interface TargetRow {
  readonly target: string;
  readonly restarts: 'on' | 'off';
  readonly restarts_last_hour: number | null;
  readonly max_restarts_per_hour: number;
  readonly obstacles: readonly { readonly code: string; readonly says: string; readonly advice: string | null }[];
}

export interface RefusalRow {
  readonly app: string | null;
  readonly kind: string;
  readonly count: number;
  readonly last_ms: number;
  readonly says: string;
  readonly advice: string;
}

export interface StatusRow {
  readonly ready: boolean;
  readonly leading: boolean;
  readonly restarts: string;
  /** In the platform's words; null where it refuses nothing. */
  readonly platform_refuses: string | null;
  readonly targets: readonly TargetRow[];
  readonly refused: readonly RefusalRow[];
}
