import type { Attempt } from '../attempt/attempt.ts';
import type { ClaimAnswer, ClaimRequest, Platform } from '../ports.ts';
import type { Decided } from './loop/fleet.ts';

/** What the actuator can do with a decision to restart. */
export type Mode =
  /** It can only observe and advise: it has no Redis to claim restarts in, or no token for the platform. */
  | { readonly kind: 'observe'; readonly lacks: 'ledger' | 'platform' }
  | { readonly kind: 'act'; readonly restarts: Restarts; readonly platform: Pick<Platform, 'list'> };

/** The restarts that are open, in the background. */
export interface Restarts {
  /** Asks boots whose restart is near for what it will want to know of them. Returns at once. */
  prepare(decided: readonly Decided[]): void;
  /** Throws `LedgerUnavailable`: then the claim may have been granted, and the next `advance` finds it. */
  claim(request: ClaimRequest): Promise<ClaimAnswer>;
  /** Moves an attempt here whose target no actuator follows. */
  adopt(attempt: Attempt): void;
  /** Takes every open attempt as far as it goes. Returns at once; calls may overlap. */
  advance(): void;
  /** Begins nothing new, and waits for what is under way. */
  stop(): Promise<void>;
}
