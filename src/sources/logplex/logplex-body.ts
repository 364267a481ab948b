import { BadInputError } from '../../model/errors.ts';
import { OverLimitError } from '../limits.ts';
import { type LogLine, parseLogTime } from './heroku-line.ts';

/**
 * The body of a log drain's request: frames `<length> <line>`, the length in bytes (RFC 6587, octet counting), and
 * lines as RFC 5424 has them, yet without structured data:
 *
 *     83 <40>1 2012-11-30T06:45:29+00:00 host app web.3 - State changed from starting to up\n
 */

const SPACE = 0x20;
const ZERO = 0x30;
const NINE = 0x39;
/** Digits of a length. Logplex splits lines of more than 10,000 bytes. */
const MAX_DIGITS = 7;
/** Heroku's own lines are short. A longer one is skipped. */
const MAX_READ_BYTES = 4096;
/** What comes before the message: version and priority, time, host, source, process, message id. */
const HEADER_FIELDS = 6;
const [TIME, SOURCE, PROCESS, MESSAGE_ID] = [1, 3, 4, 5];

const HEROKU = Buffer.from('heroku');
const APP_API = [Buffer.from('app'), Buffer.from('api')] as const;

/**
 * Passes on the lines that Heroku itself wrote, and those of the API. Lines that the app's processes wrote are nearly
 * all, and are skipped without being made into text. Returns how many lines there were. Throws `BadInputError` where
 * the frames are no frames, or are more than `maxLines`.
 */
export function readLogplexBody(bytes: Buffer, maxLines: number, onLine: (line: LogLine) => void): number {
  let lines = 0;
  const ends = new Int32Array(HEADER_FIELDS);
  for (let at = 0; at < bytes.length; ) {
    const start = at + digitsAt(bytes, at) + 1;
    const end = start + Number(bytes.toString('latin1', at, start - 1));
    if (end > bytes.length) throw new BadInputError(`The frame at byte ${at} is longer than what is left of the body.`);
    lines++;
    if (lines > maxLines) throw new OverLimitError(`The body has more than ${maxLines} lines; send smaller batches.`);
    const line = end - start > MAX_READ_BYTES ? null : readLine(bytes, { start, end, ends });
    if (line !== null) onLine(line);
    at = end;
  }
  return lines;
}

/** How many digits the length has. */
function digitsAt(bytes: Buffer, at: number): number {
  let digits = 0;
  while (digits <= MAX_DIGITS && isDigit(bytes[at + digits])) digits++;
  if (digits === 0 || digits > MAX_DIGITS || bytes[at + digits] !== SPACE) {
    throw new BadInputError(`At byte ${at} there is no frame: a length, a space, and the line (RFC 6587).`);
  }
  return digits;
}

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= ZERO && byte <= NINE;
}

interface Frame {
  readonly start: number;
  readonly end: number;
  /** Is filled with where each field of the header ends. */
  readonly ends: Int32Array;
}

/** Null for a line of the app's processes, and for one that is no syslog line. */
function readLine(bytes: Buffer, { start, end, ends }: Frame): LogLine | null {
  let at = start;
  for (let field = 0; field < HEADER_FIELDS; field++) {
    const space = bytes.indexOf(SPACE, at);
    if (space < 0 || space >= end) return null;
    ends[field] = space;
    // Most lines end here.
    if (field === SOURCE && !isAt(bytes, HEROKU, at, space) && !isAt(bytes, APP_API[0], at, space)) return null;
    at = space + 1;
  }
  const text = (field: number) => bytes.toString('latin1', (ends[field - 1] as number) + 1, ends[field]);
  const source = text(SOURCE);
  const process = text(PROCESS);
  if (source === 'app' && process !== 'api') return null;
  const timeMs = parseLogTime(text(TIME));
  if (timeMs === null) return null;
  return { timeMs, source, process, message: bytes.toString('utf8', (ends[MESSAGE_ID] as number) + 1, end).trimEnd() };
}

function isAt(bytes: Buffer, text: Buffer, start: number, end: number): boolean {
  return end - start === text.length && bytes.compare(text, 0, text.length, start, end) === 0;
}
