import type { Boot } from './boot.ts';
import { MAX_PROCESSES } from './processes.ts';
import { restoreBoot } from './restored-boot.ts';

/** What is kept of a boot in Redis. */
export interface Snapshot {
  readonly boot: Boot;
  /** The entry of the points stream up to which it holds everything; null where no stream is read. */
  readonly pointsId: string | null;
  /** From where a partition of Kafka is to be read on to know the rest; null where its points come another way. */
  readonly place: PartitionPlace | null;
}

/** A place in a partition of Kafka: the offset of the next record. A string: it may be beyond 2^53. */
export interface PartitionPlace {
  readonly partition: number;
  readonly offset: string;
}

export function writeSnapshot(snapshot: Snapshot): string {
  return JSON.stringify(snapshot);
}

/** A snapshot has 5,000 characters, and some hundred for each process after the first. */
const MAX_LENGTH = 32 * 1024;
const MAX_LENGTH_OF_PROCESS = 2 * 1024;
/** A snapshot has 6. */
const MAX_DEPTH = 32;
/** `ms-sequence`, as Redis makes them. */
const ENTRY_ID = /^(\d{1,16})-\d{1,20}$/;

/** Null where it is none, of another version, damaged, or from after `latestMs` (Unix ms). */
export function readSnapshot(json: string, latestMs = Number.MAX_SAFE_INTEGER): Snapshot | null {
  if (json.length > MAX_LENGTH + MAX_PROCESSES * MAX_LENGTH_OF_PROCESS || isDeep(json)) return null;
  try {
    const { boot: value, pointsId, place } = JSON.parse(json) as Readonly<Partial<Record<keyof Snapshot, unknown>>>;
    const boot = restoreBoot(value, latestMs);
    // What else it holds would be kept with the boot.
    if (boot === null || json.length > MAX_LENGTH + boot.processes.length * MAX_LENGTH_OF_PROCESS) return null;
    return { boot, pointsId: isEntryId(pointsId, latestMs) ? pointsId : null, place: isPlace(place) ? place : null };
  } catch {
    return null;
  }
}

/** Whether it is nested deeper than any snapshot: such a value can be read, but overflows the stack when written. */
function isDeep(json: string): boolean {
  let depth = 0;
  for (const [token] of json.matchAll(STRING_OR_BRACKET)) {
    if (token === '{' || token === '[') depth += 1;
    else if (token === '}' || token === ']') depth -= 1;
    if (depth > MAX_DEPTH) return true;
  }
  return false;
}

/** A text need not end: looking for its end again from each quote in it would take seconds. */
const STRING_OR_BRACKET = /"(?:[^"\\]|\\.)*"?|[{}[\]]/gs;

/** Absent in snapshots of older versions. */
function isPlace(value: unknown): value is PartitionPlace {
  if (typeof value !== 'object' || value === null) return false;
  const { partition, offset } = value as Partial<Record<keyof PartitionPlace, unknown>>;
  return Number.isSafeInteger(partition) && typeof offset === 'string' && /^\d{1,19}$/.test(offset);
}

/** From an entry of the future on, nothing would be read. */
function isEntryId(value: unknown, latestMs: number): value is string {
  return typeof value === 'string' && Number(ENTRY_ID.exec(value)?.[1] ?? Number.NaN) <= latestMs;
}

/** The earlier of two entries of a stream; ids are `ms-sequence`. */
export function earlierEntry(a: string | null, b: string | null): string | null {
  if (a === null || b === null) return a ?? b;
  const [aMs = 0, aSequence = 0] = a.split('-').map(Number);
  const [bMs = 0, bSequence = 0] = b.split('-').map(Number);
  return aMs < bMs || (aMs === bMs && aSequence <= bSequence) ? a : b;
}
