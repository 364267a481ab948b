import { closedBuckets } from '../../detector/boot/boot.ts';
import { writeSnapshot } from '../../detector/boot/snapshot.ts';
import { LedgerUnavailable } from '../../model/errors.ts';
import { permissionOf } from '../../model/permission.ts';
import type { BootIdentity } from '../../model/point.ts';
import type { Permissions } from '../../model/policy.ts';
import type { Target } from '../../model/target.ts';
import type { Snapshots } from '../../ports.ts';
import type { BootEntry } from '../boot-registry.ts';
import { inBatches } from '../in-batches.ts';
import type { Log } from '../report/log.ts';

export interface SaveParts {
  readonly snapshots: Pick<Snapshots, 'save'>;
  /** Whether an actuator inside the workers of a target leads it, and saves its boots. */
  readonly isLedInside: (target: Target) => Promise<boolean>;
  readonly permissions: Permissions;
  /** What jobs did in a boot; null where nothing is known of it. */
  readonly jobsOf: (boot: BootIdentity) => string | null;
  /** The newest entry of the points stream that was taken; null where none is read. */
  readonly pointsId: string | null;
  readonly log: Pick<Log, 'warn'>;
}

/** Snapshots that are sent before the first answer is waited for. */
const AT_ONCE = 50;

/**
 * Saves each boot on the allow-list of which a bucket has closed since: a new actuator then lacks less than a window of
 * it. Boots of targets that another one leads, inside their workers, are saved by that one.
 */
export async function saveSnapshots(
  entries: readonly BootEntry[],
  { snapshots, isLedInside, permissions, jobsOf, pointsId, log }: SaveParts,
): Promise<void> {
  const changed = entries.filter(
    ({ boot, savedBuckets }) => closedBuckets(boot) !== savedBuckets && isWatched(permissions, boot.identity),
  );
  try {
    await inBatches(changed, AT_ONCE, async (entry) => {
      const { key, boot } = entry;
      const { app, processType } = boot.identity;
      if (app === null || (await isLedInside({ app, processType }))) return;
      await snapshots.save(key, writeSnapshot({ boot, pointsId }), jobsOf(boot.identity));
      entry.savedBuckets = closedBuckets(entry.boot);
    });
  } catch (error) {
    if (!(error instanceof LedgerUnavailable)) throw error;
    log.warn('snapshots could not be saved', { error: error.message });
  }
}

function isWatched(permissions: Permissions, { app, processType }: BootIdentity): boolean {
  return app !== null && permissionOf(permissions, { app, processType }) !== 'forbidden';
}
