import { FIELDS } from '../otlp/wanted-metrics.ts';
import { type DecodedRequest, RequestFold } from '../points/request-fold.ts';
import { type MemorySample, type QuotaErrorCode, readHerokuLine } from './heroku-line.ts';
import type { LogMemory, LogOwner } from './log-memory.ts';
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

const RESIDENT = FIELDS.indexOf('treeResidentBytes');
const SWAP = FIELDS.indexOf('treeSwapBytes');
const LIMIT = FIELDS.indexOf('limitBytes');

/** Reads a request of a log drain. Throws `BadInputError` where its frames cannot be read. */
export function decodeLog(bytes: Buffer, from: LogOwner, memory: LogMemory): DecodedLog {
  const fold = new RequestFold();
  const quotaErrors: QuotaError[] = [];
  readLogplexBody(bytes, MAX_LINES, (line) => {
    const said = readHerokuLine(line);
    if (said === null) return;
    const { timeMs } = line;
    if (said.kind === 'sample') addSample(fold, said, { from, memory, timeMs });
    else if (said.kind === 'release') memory.noteRelease(from, said.version);
    else if (said.kind === 'state') {
      if (said.to === 'starting') memory.noteStart(from, said.dyno, timeMs);
    } else if (quotaErrors.length < MAX_QUOTA_ERRORS)
      quotaErrors.push({ app: from.app, dyno: said.dyno, code: said.code, timeMs });
  });
  return { request: fold, quotaErrors };
}

/** A dyno's figures are those of all its processes: they stand for one process that reports for the whole tree. */
function addSample(
  fold: RequestFold,
  sample: MemorySample,
  { from, memory, timeMs }: { readonly from: LogOwner; readonly memory: LogMemory; readonly timeMs: number },
): void {
  fold.begin(memory.measurerOf(from, sample, timeMs));
  const add = (field: number, value: number | null) => {
    if (value !== null) fold.add(field, false, { timeMs, value, seriesId: 0 });
  };
  add(RESIDENT, sample.residentBytes);
  add(SWAP, sample.swapBytes);
  add(LIMIT, sample.quotaBytes);
  fold.end();
}
