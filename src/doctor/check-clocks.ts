import { formatDuration } from '../model/text/format.ts';
import { type Finding, findingsOn } from './finding.ts';

const { ok, warning } = findingsOn('clocks');

export interface ClockReading {
  /** Whose clock: `Redis at host:6379`, `Heroku`. */
  readonly who: string;
  /** How far it is ahead of this machine's, in ms; null where it did not say. */
  readonly aheadMs: number | null;
}

/** A `Date` header is exact to the second, and arrives late. Measurements that are a minute off are refused. */
const TOLERATED_MS = 10_000;

/**
 * This machine's clock decides how old a measurement is, Redis's when a cooldown ends, Heroku's how long a dyno is up.
 * Pure.
 */
export function checkClocks(readings: readonly ClockReading[]): readonly Finding[] {
  const read = readings.flatMap(({ who, aheadMs }) => (aheadMs === null ? [] : [{ who, aheadMs }]));
  const off = read.filter(({ aheadMs }) => Math.abs(aheadMs) > TOLERATED_MS);
  if (read.length > 0 && off.length === 0)
    return [ok(`this machine's clock agrees with ${read.map(({ who }) => who).join(' and ')}`)];
  return off.map(({ who, aheadMs }) =>
    warning(
      `the clock of ${who} is ${formatDuration(Math.abs(aheadMs))} ${aheadMs > 0 ? 'ahead of' : 'behind'} this ` +
        "machine's",
      read.length > 1 && off.length === read.length
        ? "set this machine's clock: it differs from every other"
        : `set the clock of one of them: measurements that seem older than TIDEMARK_MAX_POINT_AGE are refused`,
    ),
  );
}
