import type { Attempt } from '../../../attempt/attempt.ts';
import type { Unread } from '../../../attempt/attempt-step.ts';
import type { Clock } from '../../../ports.ts';

interface Seen {
  /** Monotonic; when its workers were first seen idle, and have been since. Null where they are not. */
  idleSinceMs: number | null;
  /** Monotonic; when the dyno was last read because it might have ended. */
  lookedMs: number;
  unread: Unread | null;
}

/** A drain may last for hours, and its dyno may have ended, or only be silent, all that time. */
const LOOK_EVERY_MS = 15_000;

/** What this process has seen of the open attempts. No move depends on it alone: a successor begins without it. */
export class AttemptWatch {
  readonly #clock: Pick<Clock, 'monotonic'>;
  readonly #seen = new Map<string, Seen>();

  constructor(clock: Pick<Clock, 'monotonic'>) {
    this.#clock = clock;
  }

  forgetBut(open: readonly Attempt[]): void {
    const ids = new Set(open.map(({ id }) => id));
    for (const id of this.#seen.keys()) if (!ids.has(id)) this.#seen.delete(id);
  }

  /** Returns how long the workers have been idle (ms); 0 where they are not. */
  noteIdle(attempt: Attempt, idle: boolean | null): number {
    const seen = this.#of(attempt);
    const nowMs = this.#clock.monotonic();
    seen.idleSinceMs = idle === true ? (seen.idleSinceMs ?? nowMs) : null;
    return seen.idleSinceMs === null ? 0 : nowMs - seen.idleSinceMs;
  }

  /** Whether it is time to look again for a dyno that might have ended; then it counts as looked for. */
  isLookDue(attempt: Attempt): boolean {
    const seen = this.#of(attempt);
    const nowMs = this.#clock.monotonic();
    if (nowMs - seen.lookedMs < LOOK_EVERY_MS) return false;
    seen.lookedMs = nowMs;
    return true;
  }

  /** Null: the dyno was read. */
  noteRead(attempt: Attempt, unread: Unread | null): void {
    this.#of(attempt).unread = unread;
  }

  /** Why the last reading failed; null where it did not. */
  unread(attempt: Attempt): Unread | null {
    return this.#of(attempt).unread;
  }

  #of({ id }: Attempt): Seen {
    const seen = this.#seen.get(id) ?? { idleSinceMs: null, lookedMs: -Infinity, unread: null };
    this.#seen.set(id, seen);
    return seen;
  }
}
