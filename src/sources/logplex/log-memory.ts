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
import { FairMap } from './fair-map.ts';

/** What a sample says of its dyno. */
interface SampledDyno {
  readonly dyno: string;
  readonly bootId: string;
}

/** Whose log it is. */
export interface LogOwner {
  readonly app: string;
  /** Whose share of the memory it takes. */
  readonly owner: string;
}

/**
 * Names that are remembered of each kind, about 1 kB each. Beyond them the owner with the most loses the one that was
 * silent for longest.
 */
const MAX_REMEMBERED = 5_000;
/** A dyno reports its memory for the first time this long after it began to start, or later: image pull, boot. */
const MAX_START_MS = 5 * 60_000;

/**
 * What is remembered of the apps whose logs are drained, to complete samples. A sample has the dyno's name and id, and
 * neither release nor start: both are in lines of their own, before the first sample of the boot. A sender can only add
 * to the apps that its token covers.
 */
export class LogMemory {
  readonly #releases = new FairMap<string>(MAX_REMEMBERED);
  readonly #starts = new FairMap<number>(MAX_REMEMBERED);
  readonly #boots = new FairMap<Measurer>(MAX_REMEMBERED);

  /** The app's next boots run it. */
  noteRelease({ app, owner }: LogOwner, version: string): void {
    this.#releases.set(app, version, owner);
  }

  /** The dyno began a new life. */
  noteStart({ app, owner }: LogOwner, dyno: string, timeMs: number): void {
    this.#starts.set(`${app}|${dyno}`, timeMs, owner);
  }

  /**
   * Who measured this sample. A boot stays known by what was known at its first one: it outlives a new release for
   * seconds.
   *
   * @param timeMs of the sample
   */
  measurerOf({ app, owner }: LogOwner, { dyno, bootId }: SampledDyno, timeMs: number): Measurer {
    const key = `${app}|${dyno}|${bootId}`;
    const measurer = this.#boots.get(key) ?? this.#newMeasurer(app, { dyno, bootId }, timeMs);
    this.#boots.set(key, measurer, owner);
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
