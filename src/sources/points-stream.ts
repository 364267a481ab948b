import { BadInputError } from '../model/errors.ts';
import type { BootIdentity } from '../model/point.ts';
import { LOCAL_SENDER } from './ingest-tokens.ts';
import type { Intake } from './intake.ts';
import { decodeJson } from './otlp/otlp-json.ts';
import type { DecodedRequest } from './points/request-fold.ts';

export interface PointsStreamSourceOptions {
  readonly intake: Intake;
  /** Which boots are followed; the measurements of others are skipped. Default: all. */
  readonly follows?: (boot: BootIdentity) => boolean;
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
export function createPointsStreamSource(options: PointsStreamSourceOptions): (json: string) => void {
  const { intake, follows, onFault } = options;
  let unreadable = 0;
  return (json) => {
    try {
      if (json.length > MAX_ENTRY_LENGTH) throw new BadInputError(`it has more than ${MAX_ENTRY_LENGTH} characters.`);
      const decoded = decodeJson(json);
      intake.take(follows === undefined ? decoded : ofBoots(decoded, follows), LOCAL_SENDER);
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

function ofBoots(request: DecodedRequest, follows: (boot: BootIdentity) => boolean): DecodedRequest {
  const isFollowed = ({ process }: { readonly process: { readonly boot: BootIdentity } }) => follows(process.boot);
  return { ...request, rows: request.rows.filter(isFollowed), jobs: request.jobs.filter(isFollowed) };
}
