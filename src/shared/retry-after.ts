/**
 * How long a server asks not to be called (RFC 9110: seconds or a date), in ms; null if it does not say, or not in one
 * of these forms.
 */
export function parseRetryAfter(header: string | null | undefined, nowMs: number): number | null {
  if (header === null || header === undefined) return null;
  const ms = /^\d+$/.test(header) ? Number(header) * 1000 : Date.parse(header) - nowMs;
  return Number.isNaN(ms) ? null : Math.min(Number.MAX_SAFE_INTEGER, Math.max(0, ms));
}
