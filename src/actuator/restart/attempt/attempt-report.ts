import { PlatformError } from '../../../model/errors.ts';
import type { Target } from '../../../model/target.ts';

export interface AttemptFault {
  /** Null where the open attempts could not even be listed. */
  readonly target: Target | null;
  readonly error: Error;
}

/** Faults of one call, for the log. They do not harm the attempts: the next call continues. */
export interface AdvanceReport {
  readonly faults: readonly AttemptFault[];
  /** The platform's 401 or 429, which concerns every target. */
  readonly platformBlocked: PlatformError | null;
}

export function reportOf(faults: readonly AttemptFault[]): AdvanceReport {
  const blocking = faults.map(({ error }) => error).filter((error) => error instanceof PlatformError);
  const platformBlocked = blocking.find(({ status }) => status === 401 || status === 429) ?? null;
  return { faults, platformBlocked };
}

export function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
