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
const FIELDS_BEFORE_SOURCE = 3;

const HEROKU = Buffer.from('heroku ');
/** A web app has one of these for each of its requests. */
const ROUTER = Buffer.from('router ');
const API = Buffer.from('app api ');

/**
 * Passes on the lines that Heroku itself wrote of dynos, and those of the API. Nearly all lines are of the app's
 * processes or of the router: they are recognised by their bytes, and never become text. Returns how many lines there
 * were. Throws `BadInputError` where the frames are no frames, or are more than `maxLines`.
 */
export function readLogplexBody(bytes: Buffer, maxLines: number, onLine: (line: LogLine) => void): number {
  let lines = 0;
  for (let at = 0; at < bytes.length; ) {
    const digits = digitsAt(bytes, at);
    const start = at + digits + 1;
    const end = start + numberAt(bytes, at, digits);
    if (end > bytes.length) throw new BadInputError(`The frame at byte ${at} is longer than what is left of the body.`);
    lines++;
    if (lines > maxLines) throw new OverLimitError(`The body has more than ${maxLines} lines; send smaller batches.`);
    const line = end - start > MAX_READ_BYTES ? null : readLine(bytes, start, end);
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

function numberAt(bytes: Buffer, at: number, digits: number): number {
  let number = 0;
  for (let index = at; index < at + digits; index++) number = 10 * number + (bytes[index] as number) - ZERO;
  return number;
}

/** Null for a line of the app's processes or of the router, and for one that is no syslog line. */
function readLine(bytes: Buffer, start: number, end: number): LogLine | null {
  let at = start;
  for (let field = 0; field < FIELDS_BEFORE_SOURCE; field++) {
    while (at < end && bytes[at] !== SPACE) at++;
    at++;
  }
  const isHeroku = isAt(bytes, HEROKU, at, end) && !isAt(bytes, ROUTER, at + HEROKU.length, end);
  if (!isHeroku && !isAt(bytes, API, at, end)) return null;
  const text = bytes.toString('utf8', start, end);
  const header = text.split(' ', HEADER_FIELDS);
  if (header.length < HEADER_FIELDS) return null;
  const [, time = '', , source = '', process = ''] = header;
  const timeMs = parseLogTime(time);
  if (timeMs === null) return null;
  return { timeMs, source, process, message: text.slice(header.join(' ').length + 1).trimEnd() };
}

function isAt(bytes: Buffer, text: Buffer, at: number, end: number): boolean {
  if (at + text.length > end) return false;
  for (let index = 0; index < text.length; index++) if (bytes[at + index] !== text[index]) return false;
  return true;
}
