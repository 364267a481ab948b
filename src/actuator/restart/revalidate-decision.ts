import type { Attempt } from '../../attempt/attempt.ts';
import { assess } from '../../detector/assess.ts';
import type { Policy } from '../../model/policy.ts';
import type { Clock } from '../../ports.ts';
import type { BootRegistry } from '../boot-registry.ts';

export interface StillHoldsParts {
  readonly registry: BootRegistry;
  readonly clock: Clock;
  readonly policy: Policy;
}

/**
 * Whether the newest points of the attempt's boot still ask for a restart, and it is still known to be the listed dyno; null where they cannot be judged: the boot has not been heard of here,
 * or not lately. What the attempt rested on may be minutes old by the time its drain is over.
 */
export function stillHolds(attempt: Attempt, { registry, clock, policy }: StillHoldsParts): boolean | null {
  const entry = registry.find(attempt.target.app, attempt);
  if (entry === null) return null;
  if (entry.listing?.kind === 'unlisted') return false;
  const { facts, learnedFloorBytes, uselessRestarts } = entry;
  const verdict = assess(entry.boot, { nowMs: clock.now(), facts, learnedFloorBytes, uselessRestarts }, policy);
  if (verdict.reason === 'silent') return null;
  return verdict.action === 'restart';
}
