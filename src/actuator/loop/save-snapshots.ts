import { closedBuckets } from '../../detector/boot/boot.ts';
import { writeSnapshot } from '../../detector/boot/snapshot.ts';
import { LedgerUnavailable } from '../../model/errors.ts';
import type { Snapshots } from '../../ports.ts';
import type { BootEntry } from '../boot-registry.ts';
import type { Log } from '../report/log.ts';

export interface SaveParts {
  readonly snapshots: Pick<Snapshots, 'save'>;
  /** The newest entry of the points stream that was taken; null where none is read. */
  readonly pointsId: string | null;
  readonly log: Pick<Log, 'warn'>;
}

/** Saves each boot of which a bucket has closed since: a new actuator then lacks less than a window of it. */
export async function saveSnapshots(
  entries: readonly BootEntry[],
  { snapshots, pointsId, log }: SaveParts,
): Promise<void> {
  for (const entry of entries) {
    if (closedBuckets(entry.boot) === entry.savedBuckets) continue;
    try {
      await snapshots.save(entry.key, writeSnapshot({ boot: entry.boot, pointsId }));
      entry.savedBuckets = closedBuckets(entry.boot);
    } catch (error) {
      if (!(error instanceof LedgerUnavailable)) throw error;
      log.warn('a snapshot could not be saved', { bootId: entry.boot.identity.bootId, error: error.message });
      return;
    }
  }
}
