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

/** The numbers that the detector and the decisions work with; settings/settings.ts has their defaults. All spans in ms. */
export interface Policy {
  /** The detector's bucket; its other spans are multiples of it. */
  readonly windowMs: number;
  /** Bloat whose floor stays over it is restarted. */
  readonly softLimit: Threshold;
  /** Any class whose floor stays over it for 3 windows, or whose kill point is predicted within two graces. */
  readonly hardLimit: Threshold;
  /** Any class whose floor stays over it for 3 windows; null is off. */
  readonly maxRssBytes: number | null;
  /** Nothing automatic acts on a younger boot. */
  readonly minUptimeMs: number;
  /** Between two restarts of a target, counted from `sending`. */
  readonly cooldownMs: number;
  /** A leak is restarted when its floor will reach the limit within this span. */
  readonly leakHorizonMs: number;
  /** How long a drain may take. */
  readonly graceMs: number;
  /** Of each target; 0 or more. */
  readonly maxRestartsPerHour: number;
  /** Other dynos of the type that must be up. */
  readonly minHealthy: number;
  /** The platform's own restart; null where it is bypassed. */
  readonly dynoCycleMs: number | null;
  /** Older points are counted, never used. */
  readonly maxPointAgeMs: number;
}

/** What may be acted on. */
export interface Permissions {
  /** The allow-list; empty: nothing is ever restarted. */
  readonly allowed: readonly TargetPattern[];
  /** True: everything stays dry; a list: these do. */
  readonly dryRun: boolean | readonly TargetPattern[];
  /** What `.` stands for; null where the actuator does not know its own app. */
  readonly ownApp: string | null;
}

/** A threshold in bytes; null where it is a share of a limit that is not known. */
export function thresholdBytes(threshold: Threshold, limitBytes: number | null): number | null {
  if (threshold.kind === 'bytes') return threshold.bytes;
  return limitBytes === null ? null : threshold.fraction * limitBytes;
}

/** A ledger that is new knows no cooldown and no spent boot: nothing is restarted for the grace and so many windows. */
const HOLD_WINDOWS = 10;

/** How long restarts are held in a ledger that is new. */
export function holdMsOf({ graceMs, windowMs }: Pick<Policy, 'graceMs' | 'windowMs'>): number {
  return graceMs + HOLD_WINDOWS * windowMs;
}
