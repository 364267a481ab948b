import type { RedisState } from '../adapters/redis/state.ts';
import { restoreBoot } from '../core/boot.ts';
import type { ActuatorParts } from './parts.ts';

export interface Restoring {
  /** Whether the state was read back, or the time for it is over. */
  isOver(): boolean;
}

const JOURNAL_ENTRIES = 500;

/**
 * Reads back what an earlier actuator left in Redis, so that this one does not start blind: the boots' snapshots and the newest decisions. Where
 * Redis comes only later, it is done then; a boot's older snapshot wins over the few points that came in the meantime.
 */
export function restoreState(parts: ActuatorParts, state: RedisState | null, timeoutMs: number): Restoring {
  if (state === null) return { isOver: () => true };
  let over = false;
  let restored = false;
  const restore = async () => {
    if (restored) return;
    restored = true;
    try {
      await load(parts, state);
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
  }, timeoutMs).unref();
  return { isOver: () => over };
}

async function load({ registry, decisions, log }: ActuatorParts, state: RedisState): Promise<void> {
  let boots = 0;
  for (const [bootId, json] of await state.snapshots.loadAll()) {
    const boot = restoreBoot(json);
    if (boot === null) log.warn('a snapshot is of another version and was left out', { bootId });
    else if (registry.adopt(boot)) boots += 1;
  }
  const events = await state.journal.recent(JOURNAL_ENTRIES);
  decisions.restore(events);
  log.info('state read back', { boots, events: events.length });
}
