import type { DynoQuota } from '../../ports.ts';

const GIB = 2 ** 30;

/**
 * Where the platform acts, as a multiple of the quota, from "Dyno Memory Behavior" in Heroku's Dev Center (2025): twice
 * the quota up to Performance-L in the Common Runtime, 1.2 times for its larger sizes, and the quota itself in Private
 * Spaces and on Fir.
 */
const KILL_FACTORS: ReadonlyMap<string, number> = new Map([
  ['eco', 2],
  ['basic', 2],
  ['standard-1x', 2],
  ['standard-2x', 2],
  ['performance-m', 2],
  ['performance-l', 2],
  ['performance-l-ram', 1.2],
  ['performance-xl', 1.2],
  ['performance-2xl', 1.2],
]);

/** Fir's sizes say what they hold: `dyno-2c-4gb`, `dyno-1c-0.5gb`. */
const FIR_SIZE = /^dyno-\d+c-(\d+(?:\.\d+)?)gb$/;

export interface DynoSize {
  readonly name: string;
  /** What the platform says, in its GB of 1024 MB; null where it says nothing. */
  readonly memoryGb: number | null;
  readonly privateOrFir: boolean;
}

/**
 * Quota and kill point of a size; null where its memory is unknown. An unknown kind of size is assumed to have no room
 * above its quota.
 */
export function quotaOf(size: DynoSize): DynoQuota | null {
  const name = size.name.toLowerCase();
  const fir = FIR_SIZE.exec(name);
  const said = size.memoryGb !== null && size.memoryGb > 0 ? size.memoryGb : null;
  const memoryGb = said ?? (fir === null ? null : Number(fir[1]));
  if (memoryGb === null) return null;
  const factor = size.privateOrFir ? 1 : (KILL_FACTORS.get(name) ?? 1);
  const limitBytes = Math.round(memoryGb * GIB);
  return { limitBytes, killBytes: Math.round(limitBytes * factor) };
}
