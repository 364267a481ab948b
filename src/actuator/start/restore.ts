import type { RedisState } from '../../adapters/redis/state.ts';
import { earlierEntry, readSnapshot, type Snapshot } from '../../detector/boot/snapshot.ts';
import type { Target } from '../../model/target.ts';
import type { Clock, Snapshots } from '../../ports.ts';
import type { BootRegistry } from '../boot-registry.ts';
import type { Host } from '../host.ts';
import type { EventHistory } from '../report/event-history.ts';
import { isFollowed } from './embedded-scope.ts';

export interface Restoring {
  /** True where the state was read back or its time is over, and no read is under way. */
  isOver(): boolean;
  /**
   * Settles after the first read: the entry of the points stream up to which all boots that still report are known;
   * null where that is unknown.
   */
  readonly pointsId: Promise<string | null>;
  /** Reads the state again: a standby's memory is as old as its start. Never rejects. */
  again(): Promise<void>;
}

const JOURNAL_ENTRIES = 500;
/** The state in Redis, and when it can be read. */
export type SavedState = Pick<RedisState, 'snapshots' | 'journal' | 'available' | 'onAvailable'>;

export interface RestoreParts {
  readonly registry: BootRegistry;
  readonly history: EventHistory;
  /** Boots of other targets are left out; null where all are followed. */
  readonly only: Target | null;
  /** False: boots are read back with their partitions of Kafka. */
  readonly withBoots: boolean;
  /** A boot whose last point is no older than this still reports. */
  readonly maxPointAgeMs: number;
  readonly host: Host;
}

/** A dyno's clock may be ahead of ours by this much, as in the intake. */
const CLOCK_SLACK_MS = 60_000;

const NOTHING_TO_RESTORE: Restoring = {
  isOver: () => true,
  pointsId: Promise.resolve(null),
  again: () => Promise.resolve(),
};

/**
 * Reads back what an earlier actuator left in Redis: the boots' snapshots and the newest decisions. If Redis connects
 * only later, it happens then; a boot's older snapshot replaces the few points that arrived in the meantime.
 */
export function restoreState(parts: RestoreParts, state: SavedState | null, timeoutMs: number): Restoring {
  if (state === null) return NOTHING_TO_RESTORE;
  const pointsId = Promise.withResolvers<string | null>();
  let isTimeOver = false;
  let isRestored = false;
  let loading: Promise<void> | null = null;
  const load = async () => {
    try {
      pointsId.resolve(await readBack(parts, state));
      isRestored = true;
    } catch (error) {
      parts.host.log.warn('the state could not be read back', {
        error: error instanceof Error ? error.message : String(error),
      });
    } finally {
      loading = null;
    }
  };
  const again = () => {
    loading ??= load();
    return loading;
  };
  state.onAvailable(() => {
    if (!isRestored) void again();
  });
  if (state.available()) void again();
  setTimeout(() => {
    isTimeOver = true;
    pointsId.resolve(null);
  }, timeoutMs).unref();
  return { isOver: () => loading === null && (isRestored || isTimeOver), pointsId: pointsId.promise, again };
}

async function readBack(parts: RestoreParts, state: SavedState): Promise<string | null> {
  const { registry, history, only, withBoots, maxPointAgeMs } = parts;
  const { clock, log } = parts.host;
  let boots = 0;
  let pointsId: string | null = null;
  const adopt = (snapshot: Snapshot) => {
    if (!isFollowed(snapshot.boot.identity, only)) return;
    if (registry.adopt(snapshot.boot)) boots += 1;
    const reports = clock.now() - snapshot.boot.lastPointMs <= maxPointAgeMs;
    if (reports) pointsId = earlierEntry(pointsId, snapshot.pointsId);
  };
  if (withBoots) await readSnapshots(state.snapshots, null, clock, adopt);
  const events = await state.journal.recent(JOURNAL_ENTRIES);
  history.restore(events);
  log.info('state read back', { boots, events: events.length });
  return pointsId;
}

/** What was saved of the boots of one partition of Kafka. Throws `LedgerUnavailable`. */
export async function snapshotsOf(
  partition: number,
  snapshots: Pick<Snapshots, 'load' | 'refuse'>,
  clock: Pick<Clock, 'now'>,
): Promise<readonly Snapshot[]> {
  const found: Snapshot[] = [];
  await readSnapshots(snapshots, partition, clock, (snapshot) => found.push(snapshot));
  return found;
}

/** @param partition null: all */
async function readSnapshots(
  snapshots: Pick<Snapshots, 'load' | 'refuse'>,
  partition: number | null,
  clock: Pick<Clock, 'now'>,
  take: (snapshot: Snapshot) => void,
): Promise<void> {
  const latestMs = clock.now() + CLOCK_SLACK_MS;
  await snapshots.load(partition, (bootKey, json) => {
    const snapshot = readSnapshot(json, latestMs);
    if (snapshot === null) snapshots.refuse(bootKey);
    else take(snapshot);
  });
}
