import {
  ATTR_DYNO_ID_SOURCE,
  ATTR_DYNO_START_TIME,
  ATTR_HEROKU_APP_NAME,
  ATTR_HEROKU_DYNO_ID,
  ATTR_HEROKU_DYNO_NAME,
  ATTR_PROCESS_ID,
  ATTR_SERVICE_VERSION,
} from '../../semconv.ts';
import { IDENTITY_ATTRIBUTES, type Measurer, measurerOf } from '../points/process-identity.ts';

/** What is remembered of the apps whose logs are drained, to complete samples. */

/** What a sample says of its dyno. */
interface SampledDyno {
  readonly dyno: string;
  readonly bootId: string;
}

/**
 * Names that are remembered of each kind, about 1 kB each. Beyond them the one that was silent for longest goes.
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
  readonly #boots = new Map<string, Measurer>();

  /** The app's next boots run it. */
  noteRelease(app: string, version: string): void {
    touch(this.#releases, app, version);
  }

  /** The dyno began a new life. */
  noteStart(app: string, dyno: string, timeMs: number): void {
    touch(this.#starts, `${app}|${dyno}`, timeMs);
  }

  /**
   * Who measured this sample. A boot stays known by what was known at its first one: it outlives a new release for
   * seconds.
   *
   * @param timeMs of the sample
   */
  measurerOf(app: string, { dyno, bootId }: SampledDyno, timeMs: number): Measurer {
    const key = `${app}|${dyno}|${bootId}`;
    const measurer = this.#boots.get(key) ?? this.#newMeasurer(app, { dyno, bootId }, timeMs);
    touch(this.#boots, key, measurer);
    return measurer;
  }

  /** A dyno's figures are those of all its processes: they stand for one process that reports for the whole tree. */
  #newMeasurer(app: string, { dyno, bootId }: SampledDyno, timeMs: number): Measurer {
    const startTimeMs = this.#takeStart(`${app}|${dyno}`, timeMs);
    const release = this.#releases.get(app);
    const attributes: Readonly<Record<string, string>> = {
      [ATTR_HEROKU_DYNO_NAME]: dyno,
      [ATTR_HEROKU_DYNO_ID]: bootId,
      [ATTR_HEROKU_APP_NAME]: app,
      // The platform's own id: one that is not equal to the id that its API lists is never restarted.
      [ATTR_DYNO_ID_SOURCE]: 'platform',
      [ATTR_PROCESS_ID]: 'log',
      ...(startTimeMs === null ? {} : { [ATTR_DYNO_START_TIME]: new Date(startTimeMs).toISOString() }),
      ...(release === undefined ? {} : { [ATTR_SERVICE_VERSION]: release }),
    };
    return measurerOf(IDENTITY_ATTRIBUTES.map((name) => attributes[name]));
  }

  /** When the boot began (Unix ms); null where the log was not followed then. */
  #takeStart(dyno: string, timeMs: number): number | null {
    const startMs = this.#starts.get(dyno);
    if (startMs === undefined || startMs > timeMs || timeMs - startMs > MAX_START_MS) return null;
    // A start belongs to one boot.
    this.#starts.delete(dyno);
    return startMs;
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
