import { BadInputError } from '../model/errors.ts';
import { GRANT_ALL } from './ingest-tokens.ts';
import type { Intake } from './intake.ts';
import { decodeJson } from './otlp/otlp-json.ts';

export interface PointsStreamSourceOptions {
  readonly intake: Intake;
  /** Told of the first entry that cannot be read, and of no more than one in `REPORT_EVERY` after it. */
  readonly onFault: (message: string) => void;
}

const REPORT_EVERY = 1000;
/** Workers write a quarter of this at most; older ones up to it. */
const MAX_ENTRY_LENGTH = 1024 * 1024;

/**
 * Takes the entries of the points stream. Whoever may write to the queue's Redis may speak for every app: it is the one that holds their jobs.
 * An entry that cannot be read is told and passed over, and those behind it are taken.
 */
export function createPointsStreamSource({ intake, onFault }: PointsStreamSourceOptions): (json: string) => void {
  let unreadable = 0;
  return (json) => {
    try {
      if (json.length > MAX_ENTRY_LENGTH) throw new BadInputError(`it has ${json.length} characters`);
      intake.take(decodeJson(json), GRANT_ALL);
    } catch (error) {
      if (!(error instanceof BadInputError)) throw error;
      if (unreadable % REPORT_EVERY === 0) {
        onFault(
          `an entry of the points stream (tidemark:points) is no OTLP in JSON and was passed over: ${error.message} Find out what else writes there; the measurements of the workers are taken all the same.`,
        );
      }
      unreadable += 1;
    }
  };
}
