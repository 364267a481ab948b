import { ERROR_TYPE_OTHER } from '../../semconv.ts';

export type JobOutcome =
  | 'completed'
  | 'failed'
  | 'delayed'
  | 'waiting'
  | 'waiting_children'
  | 'rate_limited'
  | 'cancelled';

const BY_ERROR_NAME: Readonly<Record<string, JobOutcome>> = {
  DelayedError: 'delayed',
  WaitingError: 'waiting',
  WaitingChildrenError: 'waiting_children',
  RateLimitError: 'rate_limited',
};

/**
 * What a processor's rejection means. Like BullMQ, it goes by the error's name, because a sandboxed processor's error
 * arrives as a plain object, and recognises a rate limit by its message. A job whose AbortSignal fired before it
 * rejected was cancelled, whatever it threw.
 */
function outcomeOfError(error: unknown, signal?: { readonly aborted: boolean }): JobOutcome {
  const { name, message } = (typeof error === 'object' && error !== null ? error : {}) as Partial<Error>;
  if (message === 'bullmq:rateLimitExceeded') return 'rate_limited';
  const byName = typeof name === 'string' && Object.hasOwn(BY_ERROR_NAME, name) ? BY_ERROR_NAME[name] : undefined;
  if (byName !== undefined) return byName;
  return signal?.aborted === true ? 'cancelled' : 'failed';
}

/** How a job ended. */
export interface JobEnding {
  readonly outcome: JobOutcome;
  /** Null unless the outcome is `failed`. */
  readonly errorType: string | null;
}

/**
 * Never throws: what an application rejects with may have getters that throw. Then the job failed, by an unnamed
 * class.
 */
export function rejectionOf(error: unknown, signal?: { readonly aborted: boolean }): JobEnding {
  try {
    const outcome = outcomeOfError(error, signal);
    return { outcome, errorType: outcome === 'failed' ? errorTypeOf(error) : null };
  } catch {
    return { outcome: 'failed', errorType: ERROR_TYPE_OTHER };
  }
}

/** A class's name as written in code. Anything else may be data that somebody put into an error's `name`. */
const CLASS_NAME = /^[A-Za-z_$][\w$.:-]{0,79}$/;

/**
 * `error.type` of what a processor rejected with: the name of the error's class, `_OTHER` if it has none. Many classes
 * do not set `name` and inherit `Error`; their constructor's name says more.
 */
function errorTypeOf(error: unknown): string {
  if (typeof error !== 'object' || error === null) return ERROR_TYPE_OTHER;
  const { name } = error as Partial<Error>;
  const className: unknown = name === 'Error' && error instanceof Error ? error.constructor.name : name;
  return typeof className === 'string' && CLASS_NAME.test(className) ? className : ERROR_TYPE_OTHER;
}
