import { formatBytes } from '../../../model/text/format.ts';

const GB_BYTES = 1024 ** 3;
const MB_BYTES = 1024 ** 2;

/** `87 MB`, `2.3 GB`; small amounts keep a decimal: `1.9 MB`, `0 MB`. An em dash for what is unknown. */
export function sizeWords(bytes: number | null): string {
  if (bytes === null) return '–';
  const size = Math.abs(bytes);
  if (size >= GB_BYTES) return `${signOf(bytes)}${(size / GB_BYTES).toFixed(1)} GB`;
  if (size === 0 || size >= 10 * MB_BYTES) return signOf(bytes) + formatBytes(size);
  return `${signOf(bytes)}${(size / MB_BYTES).toFixed(1)} MB`;
}

/** With its sign: `+388 MB`, `−12 MB`. */
export function growthWords(bytes: number | null): string {
  return bytes !== null && bytes > 0 ? `+${sizeWords(bytes)}` : sizeWords(bytes);
}

function signOf(bytes: number): string {
  return bytes < 0 ? '−' : '';
}

/** `475 of 512 MB`; `475 MB` where the limit is unknown. */
export function usageWords(usageBytes: number | null, limitBytes: number | null): string {
  if (usageBytes === null) return 'not measured yet';
  if (limitBytes === null) return sizeWords(usageBytes);
  const unit = formatBytes(limitBytes);
  return limitBytes >= GB_BYTES
    ? `${sizeWords(usageBytes)} of ${sizeWords(limitBytes)}`
    : `${Math.round(usageBytes / MB_BYTES)} of ${unit}`;
}

/** `1,204`. */
export function countWords(count: number): string {
  return String(Math.round(count)).replace(/\B(?=(\d{3})+$)/g, ',');
}

/** `1 job`, `3 jobs`. */
export function numberOf(count: number, noun: string, plural = `${noun}s`): string {
  return `${countWords(count)} ${count === 1 ? noun : plural}`;
}
