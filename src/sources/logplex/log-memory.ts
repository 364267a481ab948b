/** What is remembered of the apps whose logs are drained, to complete samples. */

/** What the log said of one life of a dyno, beyond its memory. */
export interface BootNotes {
  /** When it began (Unix ms); null where the log was not followed then. */
  readonly startTimeMs: number | null;
  /** Null where no release was seen since the log is followed. */
  readonly release: string | null;
}

/**
 * Names that are remembered of each kind, about 300 bytes each. Beyond them the one that was silent for longest goes.
 */
const MAX_REMEMBERED = 5_000;
/** A dyno reports its memory for the first time this long after it began to start, or later: image pull, boot. */
const MAX_START_MS = 5 * 60_000;

/**
 * Samples carry the dyno's name and id, and neither release nor start. Both are in lines of their own, before the first
 * sample of the boot. A sender can only add to the apps that its token covers.
 */
export class LogMemory {
  readonly #releases = new Map<string, string>();
  readonly #starts = new Map<string, number>();
  readonly #boots = new Map<string, BootNotes>();

  /** The app's next boots run it. */
  noteRelease(app: string, version: string): void {
    touch(this.#releases, app, version);
  }

  /** The dyno began a new life. */
  noteStart(app: string, dyno: string, timeMs: number): void {
    touch(this.#starts, `${app}|${dyno}`, timeMs);
  }

  /**
   * What a boot is known by from its first sample on, and stays known by: old boots outlive a new release for seconds.
   */
  notesOf(
    app: string,
    { dyno, bootId }: { readonly dyno: string; readonly bootId: string },
    timeMs: number,
  ): BootNotes {
    const key = `${app}|${dyno}|${bootId}`;
    const known = this.#boots.get(key);
    const notes = known ?? this.#firstNotes(app, dyno, timeMs);
    touch(this.#boots, key, notes);
    return notes;
  }

  #firstNotes(app: string, dyno: string, timeMs: number): BootNotes {
    const startMs = this.#starts.get(`${app}|${dyno}`);
    const isItsStart = startMs !== undefined && startMs <= timeMs && timeMs - startMs <= MAX_START_MS;
    // A start belongs to one boot.
    if (isItsStart) this.#starts.delete(`${app}|${dyno}`);
    return { startTimeMs: isItsStart ? startMs : null, release: this.#releases.get(app) ?? null };
  }
}

/** Sets it as the newest. */
function touch<T>(map: Map<string, T>, key: string, value: T): void {
  map.delete(key);
  map.set(key, value);
  if (map.size <= MAX_REMEMBERED) return;
  for (const oldest of map.keys()) {
    map.delete(oldest);
    return;
  }
}
