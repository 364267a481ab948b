const BYTES_PER_UNIT: Readonly<Record<string, number>> = {
  B: 1,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  KiB: 1024,
  MiB: 1024 ** 2,
  GiB: 1024 ** 3,
};

/**
 * `512MiB`, `1.5GiB`, `450MB` (10^6), `1048576B` in bytes, at least 1; null where it is none of these. Never a bare number, whose unit must be
 * guessed. The settings of the actuator and of the worker are read by it.
 */
export function parseSize(text: string): number | null {
  const match = /^(\d+(?:\.\d+)?)\s*([A-Za-z]+)$/.exec(text.trim());
  const factor = match?.[2] === undefined ? undefined : BYTES_PER_UNIT[match[2]];
  if (match?.[1] === undefined || factor === undefined) return null;
  const bytes = Math.round(Number(match[1]) * factor);
  return Number.isSafeInteger(bytes) && bytes > 0 ? bytes : null;
}
