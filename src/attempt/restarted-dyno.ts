import type { ListedDyno } from '../model/listing.ts';
import type { Outcome } from './attempt.ts';

/** A closed attempt of the target. Times are the ledger's own (Unix ms). */
export interface ClosedSending {
  readonly dyno: string;
  readonly outcome: Outcome;
  readonly closedAtMs: number;
  /** Null or absent: nothing was sent, or its time is unknown. */
  readonly sendingAtMs?: number | null;
}

/** By then the platform has restarted each dyno by itself. */
const REMEMBERED_MS = 24 * 3_600_000;
/** The ledger's clock and the platform's may differ by this much. */
const CLOCK_SLACK_MS = 60_000;

/**
 * The dyno that came in the place of the one that was restarted last, where it is not up: what keeps it from running,
 * such as a setting that only a start reads, would keep the next one from it too. Null where it is up, was removed, or
 * nothing was restarted within a day.
 *
 * Other dynos that are down do not count: they may have run out of memory, which is no reason to let it happen to more.
 *
 * @param history of the target, newest first
 * @param dynos of its app
 */
export function restartedAndDown<D extends ListedDyno>(
  history: readonly ClosedSending[],
  dynos: readonly D[],
  { processType, nowMs }: { readonly processType: string; readonly nowMs: number },
): D | null {
  const last = history.find(({ outcome }) => outcome === 'restarted' || outcome === 'unconfirmed');
  if (last === undefined || last.closedAtMs < nowMs - REMEMBERED_MS) return null;
  const down = dynos.filter((dyno) => dyno.processType === processType && dyno.state !== 'up');
  const sameName = down.find(({ name }) => name === last.dyno);
  // Where names are not reused (Fir), the successor is known by its age only.
  if (sameName !== undefined || last.dyno.includes('.')) return sameName ?? null;
  const afterMs = (last.sendingAtMs ?? last.closedAtMs) - CLOCK_SLACK_MS;
  return down.find(({ createdAtMs }) => createdAtMs > afterMs) ?? null;
}
