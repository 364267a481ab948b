import { type ActuatorRecord, MISSED_AFTER_MS, type SeenActuator } from '../../ports/actuators.ts';
import type { ActuatorView } from '../../web/views.ts';

/**
 * All actuators on one Redis, by name.
 *
 * @param own the view of the actuator that answers; null if a command answers
 */
export function actuatorViews(
  own: ActuatorRecord | null,
  others: readonly SeenActuator[],
  nowMs: number,
): readonly ActuatorView[] {
  const all = own === null ? others : [{ ...own, silentMs: 0 }, ...others];
  const views = all.map((one) => ({
    id: one.id,
    name: one.name,
    answers: one.id === own?.id,
    leads: one.leads,
    silentSinceMs: isMissed(one) ? nowMs - one.silentMs : null,
    partitions: one.partitions,
    targets: one.targets,
    dynos: one.dynos,
  }));
  return views.sort((a, b) => a.name.localeCompare(b.name) || a.id.localeCompare(b.id));
}

/** Whether the actuator has been silent for so long that it counts as dead. */
export function isMissed({ silentMs }: Pick<SeenActuator, 'silentMs'>): boolean {
  return silentMs > MISSED_AFTER_MS;
}

/** By target, the name of the actuator that holds it; if two name it, the one that wrote last. */
export function holdersOf(others: readonly SeenActuator[], own: readonly string[]): ReadonlyMap<string, string> {
  const holders = new Map<string, string>();
  for (const { name, targets } of others.toSorted((a, b) => b.silentMs - a.silentMs)) {
    for (const target of targets) holders.set(target, name);
  }
  for (const target of own) holders.delete(target);
  return holders;
}
