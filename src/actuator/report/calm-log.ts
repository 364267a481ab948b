import { RecurringFault } from '../../adapters/recurring-fault.ts';
import type { Log } from './log.ts';

/**
 * The log for what goes wrong again and again while Redis comes and goes: in every tick, and for each target. Of the
 * warnings with the same message the first three that differ in their fields are said at once, all others at most once
 * a minute with their count and the newest one's fields.
 */
export function calmLog(log: Log): Log {
  const faults = new Map<string, RecurringFault>();
  const faultOf = (message: string) => {
    const known = faults.get(message) ?? new RecurringFault({ say: (level, ...line) => log[level](...line) });
    faults.set(message, known);
    return known;
  };
  return {
    info: (...line) => log.info(...line),
    error: (...line) => log.error(...line),
    warn: (message, fields) =>
      faultOf(message).happened(fields === undefined ? { message } : { message, fields, kind: JSON.stringify(fields) }),
  };
}
