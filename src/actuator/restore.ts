import type { RedisState } from '../adapters/redis/state.ts';
import { earlierEntry, readSnapshot } from '../core/snapshot.ts';
import type { ActuatorParts } from './parts.ts';

export interface Restoring {
  /** Whether the state was read back, or the time for it is over. */
  isOver(): boolean;
  /** Settles then, with the entry of the points stream up to which the boots that still report are known; null where that cannot be said. */
  readonly pointsId: Promise<string | null>;
}

const JOURNAL_ENTRIES = 500;

/**
 * Reads back what an earlier actuator left in Redis, so that this one does not start blind: the boots' snapshots and the newest decisions. Where
 * Redis comes only later, it is done then; a boot's older snapshot wins over the few points that came in the meantime.
 */
export function restoreState(parts: ActuatorParts, state: RedisState | null, timeoutMs: number): Restoring {
  if (state === null) return { isOver: () => true, pointsId: Promise.resolve(null) };
  const pointsId = Promise.withResolvers<string | null>();
  let over = false;
  let restored = false;
  const restore = async () => {
    if (restored) return;
    restored = true;
    try {
      pointsId.resolve(await load(parts, state));
    } catch (error) {
      restored = false;
      parts.log.warn('the state could not be read back', {
        error: error instanceof Error ? error.message : String(error),
      });
    } finally {
      over ||= restored;
    }
  };
  state.onAvailable(() => void restore());
  if (state.available()) void restore();
  setTimeout(() => {
    over = true;
    pointsId.resolve(null);
  }, timeoutMs).unref();
  return { isOver: () => over, pointsId: pointsId.promise };
}

async function load({ registry, decisions, breakers, log, clock, policy }: ActuatorParts, state: RedisState) {
  let boots = 0;
  let pointsId: string | null = null;
  for (const [bootId, json] of await state.snapshots.loadAll()) {
    const snapshot = readSnapshot(json);
    if (snapshot === null) {
      log.warn('a snapshot is of another version and was left out', { bootId });
      continue;
    }
    if (registry.adopt(snapshot.boot)) boots += 1;
    const reports = clock.now() - snapshot.boot.lastPointMs <= policy.maxPointAgeMs;
    if (reports) pointsId = earlierEntry(pointsId, snapshot.pointsId);
  }
  const events = await state.journal.recent(JOURNAL_ENTRIES);
  decisions.restore(events);
  breakers.restore(events);
  log.info('state read back', { boots, events: events.length });
  return pointsId;
}
