import { BadInputError } from '../model/errors.ts';
import { LOCAL_SENDER } from './ingest-tokens.ts';
import type { Intake } from './intake.ts';
import { decodeJson } from './otlp/otlp-json.ts';

export interface PointsStreamSourceOptions {
  readonly intake: Intake;
  /** Called for the first entry that cannot be read, and then for one in `REPORT_EVERY`. */
  readonly onFault: (message: string) => void;
}

const REPORT_EVERY = 1000;
/** Characters. Workers write at most a quarter of it; older versions up to all of it. */
const MAX_ENTRY_LENGTH = 1024 * 1024;

/**
 * Takes the entries of the points stream. A program that may write to the queue's Redis may report for every app,
 * because it holds their jobs. An unreadable entry is reported and skipped.
 */
export function createPointsStreamSource({ intake, onFault }: PointsStreamSourceOptions): (json: string) => void {
  let unreadable = 0;
  return (json) => {
    try {
      if (json.length > MAX_ENTRY_LENGTH) throw new BadInputError(`it has ${json.length} characters`);
      intake.take(decodeJson(json), LOCAL_SENDER);
    } catch (error) {
      if (!(error instanceof BadInputError)) throw error;
      if (unreadable % REPORT_EVERY === 0) {
        onFault(
          'an entry of the points stream (tidemark:points) is not OTLP in JSON, so Tidemark skipped it: ' +
            `${error.message} Find out what else writes there; the workers' measurements are still taken.`,
        );
      }
      unreadable += 1;
    }
  };
}
