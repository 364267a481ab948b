import { LedgerUnavailable, UnreadableRecord } from '../../../model/errors.ts';
import { type Target, targetKey } from '../../../model/target.ts';
import type { Keys } from '../keys.ts';
import type { RecordFaults } from './record-faults.ts';

/** What becomes of records of the ledger that are not as Tidemark writes them. */

interface Told {
  readonly keys: Keys;
  readonly faults: RecordFaults;
}

/** How Redis, Lua and cjson say that a script met a value that is not as it expects it, and not that Redis is away, full or forbids it. */
const MET_A_RECORD = /WRONGTYPE|attempt to|bad argument|Expected .* but found|Cannot serialise|table expected/;

/** Whether a script failed for what a record holds. */
export function metARecord(error: unknown): error is LedgerUnavailable {
  return error instanceof LedgerUnavailable && MET_A_RECORD.test(error.message);
}

/** Reads what a script answered of a target. Throws `UnreadableRecord`. */
export function ofRecord<T>(options: Told, target: Target, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof LedgerUnavailable)) throw error;
    throw unreadable(options, target, error.message);
  }
}

/** Tells of a target's record once, and returns what stops that target and no other. */
export function unreadable({ keys, faults }: Told, target: Target, why: string): UnreadableRecord {
  const key = keys.record(target);
  const name = targetKey(target);
  faults.tell({
    key,
    why,
    without: `Nothing of ${name} is restarted.`,
    advice: `Look at it with "redis-cli HGETALL ${key}" (and at ${keys.spent(target)}); deleting what is wrong lets restarts go on.`,
  });
  return new UnreadableRecord(`the record of ${name} (${key}) cannot be read, so nothing of it is restarted: ${why}`);
}

/** Parts of a record that a restart does not need. */
export function tellOfUseless({ keys, faults }: Told, target: Target) {
  const key = keys.record(target);
  return (field: string, without: string, why: string | null) => {
    const place = `${key} (field ${field})`;
    if (why === null) faults.clear(place);
    else faults.tell({ key: place, why, without, advice: `Delete it with "redis-cli HDEL ${key} ${field}".` });
  };
}

export function mendedIndex(key: string) {
  return {
    key,
    why: 'it is of another type',
    without: 'Tidemark has put right what it keeps there, from the records of the targets.',
    advice: 'Find out what else writes to keys that begin with tidemark:.',
  };
}

export type TellOfUseless = ReturnType<typeof tellOfUseless>;

/** An empty list where it cannot be read, which is told. */
export function orEmpty<T>(
  field: string,
  without: string,
  read: () => readonly T[],
  tell: TellOfUseless,
): readonly T[] {
  try {
    const list = read();
    tell(field, without, null);
    return list;
  } catch (error) {
    if (!(error instanceof LedgerUnavailable)) throw error;
    tell(field, without, error.message);
    return [];
  }
}
