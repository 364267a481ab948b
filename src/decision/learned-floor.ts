/** The floor that one boot of a target showed after its warm-up. */
export interface LearnedFloor {
  readonly dyno: string;
  readonly bootId: string;
  readonly floorBytes: number;
  /** When it was learned, by the ledger's clock (Unix ms). */
  readonly learnedAtMs: number;
  /** The release that the boot ran; null where the platform did not say. */
  readonly release: number | null;
}

/** How many floors are kept of each dyno name, newest first, and of all of a target. */
export const FLOORS_PER_DYNO = 3;
export const FLOORS_LEARNED = 24;
/**
 * What was learned longer ago no longer counts: the platform cycles dynos daily, so a target that still runs has shown newer floors by then, and one
 * that does not is better judged as unknown.
 */
const EXPIRY_MS = 7 * 86_400_000;
/** So many boots of the newest release make it the norm; one alone may have been measured under the backlog that its deploy left. */
const MIN_OF_RELEASE = 2;

/**
 * The floor that a fresh boot of the target shows after its warm-up, from what was learned: the newest release's floors where enough of its boots
 * have shown one, else all that have not expired. Each dyno has one voice, however often it was started, so that neither a boot that was measured
 * under unusual load nor a dyno that always is decides what a restart would give back. Null where nothing is known.
 */
export function normalFloor(floors: readonly LearnedFloor[], nowMs: number): number | null {
  const recent = floors.filter(({ learnedAtMs }) => nowMs - learnedAtMs <= EXPIRY_MS);
  const newest = Math.max(...recent.map(({ release }) => release ?? Number.NEGATIVE_INFINITY));
  const ofNewest = recent.filter(({ release }) => release === newest);
  const counted = ofNewest.length >= MIN_OF_RELEASE ? ofNewest : recent;
  const dynos = new Set(counted.map(({ dyno }) => dyno));
  const voices = [...dynos].flatMap((name) => {
    const floorsBytes = counted.filter(({ dyno }) => dyno === name).map(({ floorBytes }) => floorBytes);
    return learnedFloor(floorsBytes) ?? [];
  });
  return learnedFloor(voices);
}

/** The median of some floors, the lower of two middle ones. Null where there is none. */
export function learnedFloor(floorsBytes: readonly number[]): number | null {
  const sorted = [...floorsBytes].sort((a, b) => a - b);
  return sorted[Math.floor((sorted.length - 1) / 2)] ?? null;
}
