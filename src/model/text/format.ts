/** Quantities for people, in logs, pages and the terminal. */

const SPANS = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['min', 60_000],
  ['s', 1000],
] as const;

/** `40 min`, `2.5 h`, `250 ms`. */
export function formatDuration(ms: number): string {
  for (const [unit, size] of SPANS) {
    if (ms >= size) return `${round(ms / size)} ${unit}`;
  }
  return `${Math.round(ms)} ms`;
}

/** In Heroku's own MB (2^20 bytes): `410 MB`. */
export function formatBytes(bytes: number): string {
  return `${Math.round(bytes / 1024 ** 2)} MB`;
}

const HOUR_MS = 3_600_000;
/** A larger figure is easier to grasp for a shorter span. */
const MAX_SPAN_BYTES = 2048 * 1024 ** 2;

/** `34 MB an hour`; faster: `118 MB a minute`, or a second; below 2 MB an hour: `12 MB a day`. */
export function formatRate(bytesPerMs: number): string {
  const size = Math.abs(bytesPerMs);
  if (size * 60_000 > MAX_SPAN_BYTES) return `${formatBytes(bytesPerMs * 1000)} a second`;
  if (size * HOUR_MS > MAX_SPAN_BYTES) return `${formatBytes(bytesPerMs * 60_000)} a minute`;
  if (size * HOUR_MS < 2 * 1024 ** 2) return `${formatBytes(bytesPerMs * 24 * HOUR_MS)} a day`;
  return `${formatBytes(bytesPerMs * HOUR_MS)} an hour`;
}

/** `88 %`. */
export function formatShare(part: number, whole: number): string {
  return `${Math.round((part / whole) * 100)} %`;
}

function round(value: number): string {
  return value >= 10 ? String(Math.round(value)) : String(Math.round(value * 10) / 10);
}
