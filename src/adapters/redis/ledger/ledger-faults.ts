import { LedgerUnavailable, UnreadableRecord } from '../../../model/errors.ts';
import { type Target, targetKey } from '../../../model/target.ts';
import type { Keys } from '../keys.ts';
import type { RecordFaults } from './record-faults.ts';

/** Handles ledger records that are not in Tidemark's form. */

interface FaultReport {
  readonly keys: Keys;
  readonly faults: RecordFaults;
}

/**
 * Errors of Redis, Lua and cjson for a value of an unexpected form. Not errors of a Redis that is away, full or forbids
 * the command.
 */
const MET_A_RECORD = /WRONGTYPE|attempt to|bad argument|Expected .* but found|Cannot serialise|table expected/;

/** Whether a script failed because of what a record holds. */
export function metARecord(error: unknown): error is LedgerUnavailable {
  return error instanceof LedgerUnavailable && MET_A_RECORD.test(error.message);
}

/** Parses a script's answer about a target. Throws `UnreadableRecord`. */
export function ofRecord<T>(options: FaultReport, target: Target, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof LedgerUnavailable)) throw error;
    throw unreadable(options, target, error.message);
  }
}

/** Reports a target's damaged record once, and returns the error that stops this target and no other. */
export function unreadable({ keys, faults }: FaultReport, target: Target, why: string): UnreadableRecord {
  const key = keys.record(target);
  const name = targetKey(target);
  faults.report({
    key,
    why,
    without: `Tidemark restarts no dyno of ${name}.`,
    advice:
      `Look at it with "redis-cli HGETALL ${key}" (and at ${keys.spent(target)}); ` +
      'delete the wrong field, and restarts continue.',
  });
  return new UnreadableRecord(
    `the record of ${name} (${key}) cannot be read, so Tidemark restarts none of its dynos: ${why}`,
  );
}

/** Reports damage in parts of a record that restarts do not need; null clears the report. */
export function reportUseless({ keys, faults }: FaultReport, target: Target) {
  const key = keys.record(target);
  return (field: string, without: string, why: string | null) => {
    const place = `${key} (field ${field})`;
    if (why === null) faults.clear(place);
    else faults.report({ key: place, why, without, advice: `Delete it with "redis-cli HDEL ${key} ${field}".` });
  };
}

export function mendedIndex(key: string) {
  return {
    key,
    why: 'it has another type',
    without: 'Tidemark has rebuilt it from the records of the targets.',
    advice: 'Find out what else writes to keys that begin with tidemark:.',
  };
}

export type ReportUseless = ReturnType<typeof reportUseless>;

/** The list; an empty one, reported, where it cannot be read. */
export function orEmpty<T>(
  field: string,
  without: string,
  read: () => readonly T[],
  report: ReportUseless,
): readonly T[] {
  try {
    const list = read();
    report(field, without, null);
    return list;
  } catch (error) {
    if (!(error instanceof LedgerUnavailable)) throw error;
    report(field, without, error.message);
    return [];
  }
}
