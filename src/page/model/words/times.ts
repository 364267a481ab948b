const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** A span in two units at most: `45 s`, `12 min`, `5 h 10 min`, `3 d 4 h`. */
export function spanWords(ms: number): string {
  const span = Math.max(0, ms);
  if (span < MINUTE_MS) return `${Math.round(span / SECOND_MS)} s`;
  if (span < HOUR_MS) return `${Math.floor(span / MINUTE_MS)} min`;
  if (span < DAY_MS) return twoUnits(span, HOUR_MS, 'h', MINUTE_MS, 'min');
  return twoUnits(span, DAY_MS, 'd', HOUR_MS, 'h');
}

function twoUnits(span: number, big: number, bigName: string, small: number, smallName: string): string {
  const whole = Math.floor(span / big);
  const rest = Math.floor((span - whole * big) / small);
  return rest === 0 ? `${whole} ${bigName}` : `${whole} ${bigName} ${rest} ${smallName}`;
}

/** `just now`, `12 s ago`, `3 h 5 min ago`. */
export function agoWords(thenMs: number, nowMs: number): string {
  const span = nowMs - thenMs;
  return span < 2 * SECOND_MS ? 'just now' : `${spanWords(span)} ago`;
}

/** The clock in the reader's own time zone: `14:02`, with the date when it is another day than `nowMs`. */
export function clockWords(timeMs: number, nowMs: number): string {
  const time = new Date(timeMs);
  const clock = `${twoDigits(time.getHours())}:${twoDigits(time.getMinutes())}`;
  return time.toDateString() === new Date(nowMs).toDateString() ? clock : `${dayWords(timeMs)}, ${clock}`;
}

/** The clock with seconds, for axes on which minutes would repeat: `14:02:30`. */
export function secondsClockWords(timeMs: number): string {
  return `${clockWords(timeMs, timeMs)}:${twoDigits(new Date(timeMs).getSeconds())}`;
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** `29 Nov`. */
export function dayWords(timeMs: number): string {
  const time = new Date(timeMs);
  return `${time.getDate()} ${MONTHS[time.getMonth()]}`;
}

function twoDigits(value: number): string {
  return String(value).padStart(2, '0');
}

/**
 * Whether there is time: the question behind "how long until the limit".
 *
 * @param timeToLimitMs null where the floor does not rise, or the limit is unknown
 */
export function limitWords(timeToLimitMs: number | null, limitBytes: number | null): string {
  if (limitBytes === null) return 'quota unknown';
  if (timeToLimitMs === null) return 'not rising';
  if (timeToLimitMs < SECOND_MS) return 'at the limit';
  if (timeToLimitMs > 14 * DAY_MS) return 'limit in over 14 d';
  return `limit in ${spanWords(timeToLimitMs)}`;
}
