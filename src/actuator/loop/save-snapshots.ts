import { closedBuckets } from '../../detector/boot/boot.ts';
import { type Snapshot, writeSnapshot } from '../../detector/boot/snapshot.ts';
import { LedgerUnavailable } from '../../model/errors.ts';
import { permissionOf } from '../../model/permission.ts';
import type { BootIdentity } from '../../model/point.ts';
import type { Permissions } from '../../model/policy.ts';
import type { Target } from '../../model/target.ts';
import type { Snapshots } from '../../ports.ts';
import type { BootEntry } from '../boot-entry.ts';
import { inBatches } from '../in-batches.ts';
import type { Log } from '../report/log.ts';

export interface SaveParts {
  readonly snapshots: Pick<Snapshots, 'save'>;
  /** Whether an actuator inside the workers of a target leads it, and saves its boots. */
  readonly isLedInside: (target: Target) => Promise<boolean>;
  readonly permissions: Permissions;
  /** What jobs did in a boot; null where nothing is known of it. */
  readonly jobsOf: (boot: BootIdentity) => string | null;
  /** What the snapshot of a boot says of its source; null: it must not be saved now. */
  readonly reached: (boot: BootIdentity) => Reached | null;
  readonly log: Pick<Log, 'warn'>;
}

/** Of these at most one is not null. */
export type Reached = Pick<Snapshot, 'pointsId' | 'place'>;

/** Snapshots that are sent before the first answer is waited for. */
const AT_ONCE = 50;
/**
 * Boots that began together, such as those of a deploy, close their buckets together. The loop has six rounds in a
 * window, and saves no more than this part of all boots in one; where there are few, all at once.
 */
const MAX_FRACTION = 1 / 4;
const FEW = 500;

/**
 * Saves each boot on the allow-list of which a bucket has closed since: a new actuator then lacks less than a window of
 * it, and of a boot that waits its turn less than two. Boots of targets that another one leads, inside their workers,
 * are saved by that one.
 */
export async function saveSnapshots(
  entries: readonly BootEntry[],
  { snapshots, isLedInside, permissions, jobsOf, reached, log }: SaveParts,
): Promise<void> {
  const changed = entries.filter(
    ({ boot, savedBuckets }) => closedBuckets(boot) !== savedBuckets && isWatched(permissions, boot.identity),
  );
  try {
    await inBatches(dueOf(changed, entries.length), AT_ONCE, async (entry) => {
      const { key, boot } = entry;
      const { app, processType } = boot.identity;
      const buckets = closedBuckets(boot);
      if (app === null) return;
      if (await isLedInside({ app, processType })) {
        // It is looked at again with its next bucket: until then others are not to wait for it.
        entry.savedBuckets = buckets;
        return;
      }
      const source = reached(boot.identity);
      if (source === null) return;
      const partition = source.place?.partition ?? null;
      await snapshots.save(key, writeSnapshot({ boot, ...source }), { jobs: jobsOf(boot.identity), partition });
      entry.savedBuckets = buckets;
      entry.savedOffset = source.place === null ? null : BigInt(source.place.offset);
    });
  } catch (error) {
    if (!(error instanceof LedgerUnavailable)) throw error;
    log.warn('snapshots could not be saved', { error: error.message });
  }
}

/** Those that have waited for more buckets come first. */
function dueOf(changed: readonly BootEntry[], boots: number): readonly BootEntry[] {
  const most = Math.max(FEW, Math.ceil(boots * MAX_FRACTION));
  if (changed.length <= most) return changed;
  const waited = ({ boot, savedBuckets }: BootEntry) => closedBuckets(boot) - savedBuckets;
  return changed.toSorted((a, b) => waited(b) - waited(a)).slice(0, most);
}

function isWatched(permissions: Permissions, { app, processType }: BootIdentity): boolean {
  return app !== null && permissionOf(permissions, { app, processType }) !== 'forbidden';
}
