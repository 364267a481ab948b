/** What one boot has shown, so that later boots of its target can be assessed from their first minute. */
export interface LearnedBoot {
  readonly dyno: string;
  readonly bootId: string;
  /** The floor after its warm-up; null where the boot was never idle enough to show one. */
  readonly floorBytes: number | null;
  /** What one running job holds in it; null where the boot could not say. */
  readonly bytesPerJob: number | null;
  /** Standard error of `bytesPerJob`, in bytes; null exactly where that is. */
  readonly bytesPerJobError: number | null;
  /** When it was learned, by the ledger's clock (Unix ms). */
  readonly learnedAtMs: number;
  /** The release that the boot ran; null where the platform did not say. */
  readonly release: number | null;
}

/** What one running job of a target holds, with its standard error. */
export interface LearnedBytesPerJob {
  readonly bytes: number;
  readonly errorBytes: number;
}

/** How many boots are kept of each dyno name, newest first, and of a whole target. */
export const FLOORS_PER_DYNO = 3;
export const FLOORS_LEARNED = 24;
/**
 * Older records no longer count. The platform cycles dynos daily, so a target that still runs has shown newer floors by
 * then, and one that does not is better treated as unknown.
 */
const EXPIRY_MS = 7 * 86_400_000;
/**
 * Boots of the newest release that are needed to make it the norm: a single one may have been measured under the
 * backlog of its deploy.
 */
const MIN_OF_RELEASE = 2;

/** What is kept of a target's boots (newest first) once one more has shown something. */
export function keepLearned(before: readonly LearnedBoot[], boot: LearnedBoot): readonly LearnedBoot[] {
  const others = before.filter(({ dyno, bootId }) => dyno !== boot.dyno || bootId !== boot.bootId);
  const tooMany = others.filter(({ dyno }) => dyno === boot.dyno).slice(FLOORS_PER_DYNO - 1);
  return [boot, ...others.filter((one) => !tooMany.includes(one))].slice(0, FLOORS_LEARNED);
}

/**
 * Boots differ in which jobs they run: however exact each estimate is, their mean is never surer than this fraction of
 * itself.
 */
const MIN_ERROR_FRACTION = 0.3;
/** No estimate is surer than this: an error of zero would silence every other boot. */
const MIN_ERROR_BYTES = 1;

/**
 * The floor that a fresh boot of the target shows after its warm-up, from what was learned (`stillCounted`). Each dyno
 * counts once, however often it was started, so that neither a boot that was measured under unusual load nor a dyno
 * that always is decides what a restart would give back. Null where nothing is known.
 */
export function normalFloor(boots: readonly LearnedBoot[], nowMs: number): number | null {
  const counted = stillCounted(
    boots.filter(({ floorBytes }) => floorBytes !== null),
    nowMs,
  );
  const dynos = new Set(counted.map(({ dyno }) => dyno));
  const floorOfEach = [...dynos].flatMap((name) => {
    const floorsBytes = counted.flatMap(({ dyno, floorBytes }) => (dyno === name ? (floorBytes ?? []) : []));
    return learnedFloor(floorsBytes) ?? [];
  });
  return learnedFloor(floorOfEach);
}

/**
 * What one running job of the target holds: the mean of the boots' estimates (`stillCounted`), each weighted by its
 * inverse variance. Null where no boot has one.
 */
export function normalBytesPerJob(boots: readonly LearnedBoot[], nowMs: number): LearnedBytesPerJob | null {
  const counted = stillCounted(
    boots.filter(({ bytesPerJob, bytesPerJobError }) => bytesPerJob !== null && bytesPerJobError !== null),
    nowMs,
  );
  if (counted.length === 0) return null;
  let weights = 0;
  let weighted = 0;
  for (const { bytesPerJob, bytesPerJobError } of counted) {
    const weight = 1 / Math.max(bytesPerJobError ?? 0, MIN_ERROR_BYTES) ** 2;
    weights += weight;
    weighted += weight * (bytesPerJob ?? 0);
  }
  const bytes = weighted / weights;
  return { bytes, errorBytes: Math.max(1 / Math.sqrt(weights), MIN_ERROR_FRACTION * Math.abs(bytes)) };
}

/** The newest release's boots, once there are enough of them; else all that have not expired. */
function stillCounted(boots: readonly LearnedBoot[], nowMs: number): readonly LearnedBoot[] {
  const recent = boots.filter(({ learnedAtMs }) => nowMs - learnedAtMs <= EXPIRY_MS);
  const newest = Math.max(...recent.map(({ release }) => release ?? Number.NEGATIVE_INFINITY));
  const ofNewest = recent.filter(({ release }) => release === newest);
  return ofNewest.length >= MIN_OF_RELEASE ? ofNewest : recent;
}

/** The median of some floors, the lower of two middle ones. Null if the list is empty. */
export function learnedFloor(floorsBytes: readonly number[]): number | null {
  const sorted = [...floorsBytes].sort((a, b) => a - b);
  return sorted[Math.floor((sorted.length - 1) / 2)] ?? null;
}
