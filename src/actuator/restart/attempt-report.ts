import { PlatformError } from '../../model/errors.ts';
import type { Target } from '../../model/target.ts';

export interface AttemptFault {
  /** Null where the open attempts could not even be listed. */
  readonly target: Target | null;
  readonly error: Error;
}

/** What went wrong in one call, for the log. The attempts themselves are none the worse: the next call goes on. */
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
