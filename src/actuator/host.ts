import type { Clock } from '../ports.ts';
import type { Log } from './report/log.ts';

/** What nearly every part needs of the process it runs in. */
export interface Host {
  readonly clock: Clock;
  readonly log: Log;
}

/** Environment variables, as `process.env` has them. */
export type Environment = Readonly<Record<string, string | undefined>>;
