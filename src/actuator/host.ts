import type { Clock } from '../ports.ts';
import type { Log } from './report/log.ts';

/** What nearly every part needs of the process it runs in. */
export interface Host {
  readonly clock: Clock;
  readonly log: Log;
}
