import type { Boot } from './boot.ts';
import { restoreBoot } from './restored-boot.ts';

/** What is kept of a boot in Redis. */
export interface Snapshot {
  readonly boot: Boot;
  /** The entry of the points stream up to which it holds everything; null where no stream is read. */
  readonly pointsId: string | null;
}

export function writeSnapshot({ boot, pointsId }: Snapshot): string {
  return JSON.stringify({ boot, pointsId });
}

/** More is no snapshot of a boot, whose size is bounded. */
const MAX_SNAPSHOT_LENGTH = 256 * 1024;
/** `ms-sequence`, as Redis makes them. */
const ENTRY_ID = /^(\d{1,16})-\d{1,20}$/;

/** Null where it is none, of another version, damaged, or from after `latestMs` (Unix ms). */
export function readSnapshot(json: string, latestMs = Number.MAX_SAFE_INTEGER): Snapshot | null {
  if (json.length > MAX_SNAPSHOT_LENGTH) return null;
  try {
    const { boot: value, pointsId } = JSON.parse(json) as { readonly boot?: unknown; readonly pointsId?: unknown };
    const boot = restoreBoot(value, latestMs);
    return boot === null ? null : { boot, pointsId: isEntryId(pointsId, latestMs) ? pointsId : null };
  } catch {
    return null;
  }
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
