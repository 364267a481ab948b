import type { TargetPattern } from './target.ts';

/** A limit: a fraction of the dyno's quota (0.8 is 80 %; above 0, at most 10), or absolute in bytes. */
export type Threshold =
  | {
      /** Relative to the quota. */
      readonly kind: 'fraction';
      /** 0.8 is 80 %. */
      readonly fraction: number;
    }
  | {
      /** Absolute. */
      readonly kind: 'bytes';
      /** 1 or more. */
      readonly bytes: number;
    };

/**
 * The numbers that the detector and the decisions work with; settings/settings.ts has their defaults. All spans in ms.
 */
export interface Policy {
  /** The detector's bucket; its other spans are multiples of it. */
  readonly windowMs: number;
  /** Bloat is restarted when its floor stays over this limit. */
  readonly softLimit: Threshold;
  /**
   * Any class is restarted when its floor stays over this limit for 3 windows, or when its kill point is predicted
   * within two graces.
   */
  readonly hardLimit: Threshold;
  /** Any class is restarted when its floor stays over it for 3 windows; null is off. */
  readonly maxRssBytes: number | null;
  /** Younger boots are not restarted automatically. */
  readonly minUptimeMs: number;
  /** Between two restarts of a target, counted from `sending`. */
  readonly cooldownMs: number;
  /** A leak is restarted when its floor will reach the limit within this span. */
  readonly leakHorizonMs: number;
  /** How long a drain may take. */
  readonly graceMs: number;
  /** Of each target; 0 or more. */
  readonly maxRestartsPerHour: number;
  /** Other dynos of the type that must be up during a restart. */
  readonly minHealthy: number;
  /** The platform's own restart; null where it is bypassed. */
  readonly dynoCycleMs: number | null;
  /** Older points are counted, but not used. */
  readonly maxPointAgeMs: number;
}

/** What may be restarted. */
export interface Permissions {
  /** The allow-list; empty: nothing is ever restarted. */
  readonly allowed: readonly TargetPattern[];
  /** True: dry run for all targets. A list: dry run for these. */
  readonly dryRun: boolean | readonly TargetPattern[];
  /** The app that `.` stands for; null where the actuator does not know its own app. */
  readonly ownApp: string | null;
}

/** A threshold in bytes; null where it is a fraction of an unknown quota. */
export function thresholdBytes(threshold: Threshold, limitBytes: number | null): number | null {
  if (threshold.kind === 'bytes') return threshold.bytes;
  return limitBytes === null ? null : threshold.fraction * limitBytes;
}

/** A new ledger knows no cooldowns and no spent boots, so nothing is restarted for the grace and this many windows. */
const HOLD_WINDOWS = 10;

/** How long restarts are held while a ledger is new. */
export function holdMsOf({ graceMs, windowMs }: Pick<Policy, 'graceMs' | 'windowMs'>): number {
  return graceMs + HOLD_WINDOWS * windowMs;
}
