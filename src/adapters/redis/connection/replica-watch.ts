import type { StateObstacle } from '../../../model/state-obstacle.ts';

const SAY_READ_ONLY_EVERY_MS = 60_000;
/** A Redis that stays a replica would otherwise be connected to ten times a second, each time with lines in the log. */
const LEAVE_REPLICA_EVERY_MS = 5_000;

/** When to leave a Redis that refuses commands as a replica. */
export function watchReplica(say: (refusal: string) => void) {
  let saidMs = Number.NEGATIVE_INFINITY;
  let leftMs = Number.NEGATIVE_INFINITY;
  let isLeaving = false;
  return {
    /** Whether to reconnect for this refusal. */
    leave(refusal: string): boolean {
      const nowMs = performance.now();
      if (nowMs - leftMs < LEAVE_REPLICA_EVERY_MS) return false;
      leftMs = nowMs;
      isLeaving = true;
      if (nowMs - saidMs >= SAY_READ_ONLY_EVERY_MS) {
        saidMs = nowMs;
        say(refusal);
      }
      return true;
    },
    /** Whether the connection that is ready now was made to leave one. */
    arrive(): boolean {
      const wasLeaving = isLeaving;
      isLeaving = false;
      return wasLeaving;
    },
    /** The connection failed: whether a replica or its master answers there now is not known. */
    lose(): void {
      isLeaving = false;
    },
    left: (): StateObstacle | null => (isLeaving ? { code: 'replica', detail: 'READONLY' } : null),
  };
}
