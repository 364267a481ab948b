import { closedBuckets } from '../../detector/boot/boot.ts';
import { type Snapshot, writeSnapshot } from '../../detector/boot/snapshot.ts';
import { LedgerUnavailable } from '../../model/errors.ts';
import { permissionOf } from '../../model/permission.ts';
import type { BootIdentity } from '../../model/point.ts';
import type { Permissions } from '../../model/policy.ts';
import type { Target } from '../../model/target.ts';
import type { SavedBoot, Snapshots } from '../../ports.ts';
import type { BootEntry } from '../boot-entry.ts';
import type { Log } from '../report/log.ts';
import { stepByStep } from './turns.ts';

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

/** Snapshots that are sent at once: their texts are in memory until Redis has answered. */
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
export async function saveSnapshots(entries: readonly BootEntry[], parts: SaveParts): Promise<void> {
  const { permissions, log } = parts;
  const due = await stepByStep(dueOf(entries, permissions));
  try {
    for (let at = 0; at < due.length; at += AT_ONCE) await saveBatch(due.slice(at, at + AT_ONCE), parts);
  } catch (error) {
    if (!(error instanceof LedgerUnavailable)) throw error;
    log.warn('snapshots could not be saved', { error: error.message });
  }
}

async function saveBatch(
  entries: readonly BootEntry[],
  { snapshots, isLedInside, jobsOf, reached }: SaveParts,
): Promise<void> {
  const batch: { entry: BootEntry; buckets: number; place: Reached['place']; saved: SavedBoot }[] = [];
  for (const entry of entries) {
    const { key: bootKey, boot } = entry;
    const { app, processType } = boot.identity;
    if (app === null) continue;
    if (await isLedInside({ app, processType })) {
      // It is looked at again with its next bucket: until then others are not to wait for it.
      entry.savedBuckets = closedBuckets(boot);
      continue;
    }
    const source = reached(boot.identity);
    if (source === null) continue;
    const { place } = source;
    const buckets = closedBuckets(boot);
    const jobs = isDueWithJobs(entry.savedBuckets, buckets) ? jobsOf(boot.identity) : null;
    const json = writeSnapshot({ boot, ...source });
    batch.push({ entry, buckets, place, saved: { bootKey, json, jobs, partition: place?.partition ?? null } });
  }
  await snapshots.save(batch.map(({ saved }) => saved));
  for (const { entry, buckets, place } of batch) {
    entry.savedBuckets = buckets;
    entry.savedOffset = place === null ? null : BigInt(place.offset);
  }
}

/** What jobs did is for people alone, and a quarter of what is saved: once in some buckets is enough for them. */
const BUCKETS_WITH_JOBS = 5;

function isDueWithJobs(savedBuckets: number, buckets: number): boolean {
  return savedBuckets === 0 || Math.floor(savedBuckets / BUCKETS_WITH_JOBS) < Math.floor(buckets / BUCKETS_WITH_JOBS);
}

/** Found in steps. Those that have waited for more buckets come first. */
function* dueOf(entries: readonly BootEntry[], permissions: Permissions): Generator<void, readonly BootEntry[]> {
  const byWait = new Map<number, BootEntry[]>();
  for (const entry of entries) {
    yield;
    const waited = closedBuckets(entry.boot) - entry.savedBuckets;
    if (waited === 0 || !isWatched(permissions, entry.boot.identity)) continue;
    const alike = byWait.get(waited);
    if (alike === undefined) byWait.set(waited, [entry]);
    else alike.push(entry);
  }
  const most = Math.max(FEW, Math.ceil(entries.length * MAX_FRACTION));
  const due: BootEntry[] = [];
  for (const [, alike] of [...byWait].sort(([a], [b]) => b - a)) {
    for (const entry of alike.slice(0, most - due.length)) due.push(entry);
  }
  return due;
}

function isWatched(permissions: Permissions, { app, processType }: BootIdentity): boolean {
  return app !== null && permissionOf(permissions, { app, processType }) !== 'forbidden';
}
