import { readFileSync } from 'node:fs';

/** Ticks of /proc in a second: USER_HZ of every Linux. */
const TICKS_PER_SECOND = 100;

/** CPU time of all threads of a process so far, in ms; to 10 ms. */
export function cpuMsOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  // Behind the name, which may hold spaces: state, and 11 fields on user and system time.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return ((Number(fields[11]) + Number(fields[12])) * 1000) / TICKS_PER_SECOND;
}

/** Bytes. */
export function rssOf(pid: number): number {
  return statusKb(pid, 'VmRSS') * 1024;
}

/** The highest RSS of the process so far, bytes. */
export function peakRssOf(pid: number): number {
  return statusKb(pid, 'VmHWM') * 1024;
}

function statusKb(pid: number, field: string): number {
  const [, kb] = new RegExp(`^${field}:\\s+(\\d+)`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'latin1')) ?? [];
  return Number(kb);
}

/** Of at least one number. */
export function quantile(numbers: readonly number[], fraction: number): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * fraction))] ?? Number.NaN;
}
