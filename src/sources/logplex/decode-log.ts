import {
  ATTR_DYNO_ID_SOURCE,
  ATTR_DYNO_START_TIME,
  ATTR_HEROKU_APP_NAME,
  ATTR_HEROKU_DYNO_ID,
  ATTR_HEROKU_DYNO_NAME,
  ATTR_PROCESS_ID,
  ATTR_SERVICE_VERSION,
} from '../../semconv.ts';
import { FIELDS } from '../otlp/wanted-metrics.ts';
import { IDENTITY_ATTRIBUTES, measurerOf } from '../points/process-identity.ts';
import { type DecodedRequest, RequestFold } from '../points/request-fold.ts';
import { type MemorySample, type QuotaErrorCode, readHerokuLine } from './heroku-line.ts';
import type { LogMemory } from './log-memory.ts';
import { readLogplexBody } from './logplex-body.ts';

/** Heroku logged that a dyno was over its quota. */
export interface QuotaError {
  readonly app: string;
  readonly dyno: string;
  readonly code: QuotaErrorCode;
  /** Unix ms. */
  readonly timeMs: number;
}

export interface DecodedLog {
  readonly request: DecodedRequest;
  readonly quotaErrors: readonly QuotaError[];
}

/** Lines of one request. Logplex sends about 4 KiB at a time, which is 20 lines. */
const MAX_LINES = 100_000;
/** Errors of one request that are passed on; there are three a minute of each dyno. */
const MAX_QUOTA_ERRORS = 1_000;

const places = (names: readonly string[]) => names.map((name) => IDENTITY_ATTRIBUTES.indexOf(name));
const [DYNO = 0, ID = 0, APP = 0, ID_SOURCE = 0, START = 0, RELEASE = 0, PROCESS = 0] = places([
  ATTR_HEROKU_DYNO_NAME,
  ATTR_HEROKU_DYNO_ID,
  ATTR_HEROKU_APP_NAME,
  ATTR_DYNO_ID_SOURCE,
  ATTR_DYNO_START_TIME,
  ATTR_SERVICE_VERSION,
  ATTR_PROCESS_ID,
]);
const RESIDENT = FIELDS.indexOf('treeResidentBytes');
const SWAP = FIELDS.indexOf('treeSwapBytes');
const LIMIT = FIELDS.indexOf('limitBytes');

/** Reads a request of a log drain. Throws `BadInputError` where its frames cannot be read. */
export function decodeLog(bytes: Buffer, app: string, memory: LogMemory): DecodedLog {
  const fold = new RequestFold();
  const quotaErrors: QuotaError[] = [];
  readLogplexBody(bytes, MAX_LINES, (line) => {
    const said = readHerokuLine(line);
    if (said === null) return;
    const { timeMs } = line;
    if (said.kind === 'sample') addSample(fold, said, { app, memory, timeMs });
    else if (said.kind === 'release') memory.noteRelease(app, said.version);
    else if (said.kind === 'state') {
      if (said.to === 'starting') memory.noteStart(app, said.dyno, timeMs);
    } else if (quotaErrors.length < MAX_QUOTA_ERRORS)
      quotaErrors.push({ app, dyno: said.dyno, code: said.code, timeMs });
  });
  return { request: fold, quotaErrors };
}

/** A dyno's figures are those of all its processes: they stand for one process that reports for the whole tree. */
function addSample(
  fold: RequestFold,
  sample: MemorySample,
  { app, memory, timeMs }: { readonly app: string; readonly memory: LogMemory; readonly timeMs: number },
): void {
  const { startTimeMs, release } = memory.notesOf(app, sample, timeMs);
  const identity: (string | undefined)[] = [];
  identity[DYNO] = sample.dyno;
  identity[ID] = sample.bootId;
  identity[APP] = app;
  // The platform's own id: one that is not equal to the id that its API lists is never restarted.
  identity[ID_SOURCE] = 'platform';
  identity[PROCESS] = 'log';
  if (startTimeMs !== null) identity[START] = new Date(startTimeMs).toISOString();
  if (release !== null) identity[RELEASE] = release;
  fold.begin(measurerOf(identity));
  const add = (field: number, value: number | null) => {
    if (value !== null) fold.add(field, false, { timeMs, value, seriesId: 0 });
  };
  add(RESIDENT, sample.residentBytes);
  add(SWAP, sample.swapBytes);
  add(LIMIT, sample.quotaBytes);
  fold.end();
}
