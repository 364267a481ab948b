/**
 * Durations, sizes and percentages as people write them in the settings of worker and actuator: a number with its unit,
 * never a bare number.
 */

const MS_PER_UNIT: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

const BYTES_PER_UNIT: Readonly<Record<string, number>> = {
  B: 1,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  KiB: 1024,
  MiB: 1024 ** 2,
  GiB: 1024 ** 3,
};

/** `1500ms`, `90s`, `1.5m`, `24h`, `7d` in ms; null for other text. */
export function parseDuration(text: string): number | null {
  return parseQuantity(text, MS_PER_UNIT);
}

/** `512MiB`, `1.5GiB`, `450MB` (10^6), `1048576B` in bytes, at least 1; null for other text. */
export function parseSize(text: string): number | null {
  const bytes = Math.round(parseQuantity(text, BYTES_PER_UNIT) ?? 0);
  return Number.isSafeInteger(bytes) && bytes > 0 ? bytes : null;
}

/** `80%` as 0.8; null if it is not a percentage. */
export function parsePercentage(text: string): number | null {
  const percent = parseQuantity(text, { '%': 1 });
  return percent === null ? null : percent / 100;
}

function parseQuantity(text: string, units: Readonly<Record<string, number>>): number | null {
  const match = /^(\d+(?:\.\d+)?)\s*([A-Za-z%]+)$/.exec(text.trim());
  const factor = match?.[2] === undefined ? undefined : units[match[2]];
  if (match?.[1] === undefined || factor === undefined) return null;
  const value = Number(match[1]) * factor;
  return Number.isFinite(value) ? value : null;
}
