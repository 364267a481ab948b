import type { Decision } from '../../model/decision.ts';
import type { ActuatorEvent } from '../../ports.ts';
import type { BootEntry } from '../boot-entry.ts';

/**
 * Replaces what this process would decide by what the actuator has decided, where the journal still has it: the
 * actuator knows the platform and has its own settings. The newest decision of a boot is in force until the next one,
 * because only changes are journalled; its memory is as of the snapshot. A boot that has fallen silent since stays so.
 *
 * @param events newest first
 */
export function useJournalledDecisions(entries: readonly BootEntry[], events: readonly ActuatorEvent[]): void {
  const newest = new Map<string, Decision>();
  for (const event of events) {
    if (event.type !== 'decision') continue;
    const key = keyOf(event.decision);
    if (!newest.has(key)) newest.set(key, event.decision);
  }
  for (const entry of entries) {
    const { decision } = entry;
    const known = decision === null ? undefined : newest.get(keyOf(decision));
    if (decision === null || known === undefined || decision.reason === 'silent') continue;
    const { usageBytes, floorBytes, activeJobs } = decision;
    entry.decision = { ...known, usageBytes, floorBytes, activeJobs };
  }
}

function keyOf({ app, dyno, bootId }: Decision): string {
  return `${app}|${dyno}|${bootId}`;
}
