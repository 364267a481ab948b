import { isDry } from '../../model/permission.ts';
import type { Permissions } from '../../model/policy.ts';
import { type Target, type TargetKey, targetKey } from '../../model/target.ts';
import type { ActuatorEvent } from '../../ports.ts';

/**
 * What may be restarted, as far as Redis shows it: snapshots exist only of targets on the actuator's allow-list, and
 * the journal says which of them were dry. The settings of this process may be another's, so they only fill the gaps.
 *
 * @param events newest first
 */
export function shownPermissions(
  own: Permissions,
  seen: readonly Target[],
  events: readonly ActuatorEvent[],
): Permissions {
  const dry = new Map<TargetKey, boolean>();
  for (const event of events) {
    const shown = dryOf(event);
    if (shown !== null && !dry.has(targetKey(shown.target))) dry.set(targetKey(shown.target), shown.dryRun);
  }
  const allowed = [...own.allowed, ...seen];
  return { ...own, allowed, dryRun: allowed.filter((target) => dry.get(targetKey(target)) ?? isDry(own, target)) };
}

function dryOf(event: ActuatorEvent): { readonly target: Target; readonly dryRun: boolean } | null {
  if (event.type === 'attempt') return event.attempt;
  if (event.type !== 'decision' || event.decision.target === null) return null;
  return { target: event.decision.target, dryRun: event.decision.dryRun };
}
