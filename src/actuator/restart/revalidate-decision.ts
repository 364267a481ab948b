import type { Attempt } from '../../attempt/attempt.ts';
import { isSilentAt } from '../../detector/boot/silence.ts';
import { assess } from '../../detector/rules/assess.ts';
import type { Policy } from '../../model/policy.ts';
import type { Clock } from '../../ports.ts';
import type { BootRegistry } from '../boot-registry.ts';

export interface StillHoldsParts {
  readonly registry: BootRegistry;
  readonly clock: Clock;
  readonly policy: Policy;
}

/**
 * Whether the newest points of the attempt's boot still ask for a restart, and the boot is still the listed dyno. Null
 * if it cannot be assessed: the boot has not reported here, or not lately. Asked again because a drain takes minutes,
 * and what the attempt rested on ages meanwhile.
 */
export function stillHolds(attempt: Attempt, { registry, clock, policy }: StillHoldsParts): boolean | null {
  const entry = registry.find(attempt.target.app, attempt);
  if (entry === null) return null;
  if (entry.listing?.kind === 'unlisted') return false;
  const { facts, learnedFloorBytes, uselessRestarts } = entry;
  // Whether it came too early after the last restarts was decided with the claim: the drain gives memory back.
  const context = { nowMs: clock.now(), facts, learnedFloorBytes, uselessRestarts, earlyRestarts: 'granted' } as const;
  const verdict = assess(entry.boot, context, policy);
  if (verdict.reason === 'silent') return null;
  return verdict.action === 'restart';
}

/**
 * Whether the attempt's boot may have ended: the platform's last listing has another, or it does not report. Only a
 * guess. Where this actuator does not know the boot, it may report to another one; but a person's attempt names the
 * platform's id, under which a boot with a derived id never reports.
 */
export function mayBeOver(attempt: Attempt, { registry, clock, policy }: StillHoldsParts): boolean {
  const entry = registry.find(attempt.target.app, attempt);
  if (entry === null) return attempt.by === 'person';
  if (entry.listing?.kind === 'unlisted') return true;
  return isSilentAt(entry.boot, clock.now(), policy.windowMs);
}
