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

/** Null where it is none, of another version, or damaged. */
export function readSnapshot(json: string): Snapshot | null {
  try {
    const { boot: value, pointsId } = JSON.parse(json) as { readonly boot?: unknown; readonly pointsId?: unknown };
    const boot = restoreBoot(value);
    return boot === null ? null : { boot, pointsId: typeof pointsId === 'string' ? pointsId : null };
  } catch {
    return null;
  }
}

/** The earlier of two entries of a stream; ids are `ms-sequence`. */
export function earlierEntry(a: string | null, b: string | null): string | null {
  if (a === null || b === null) return a ?? b;
  const [aMs = 0, aSequence = 0] = a.split('-').map(Number);
  const [bMs = 0, bSequence = 0] = b.split('-').map(Number);
  return aMs < bMs || (aMs === bMs && aSequence <= bSequence) ? a : b;
}
