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
 * What a processor's rejection means. BullMQ judges by the error's name too (a sandboxed processor's error arrives as a plain
 * object), and a rate limit by its message. A job whose AbortSignal fired before it rejected was cancelled, whatever it threw.
 */
export function outcomeOfError(error: unknown, signal?: { readonly aborted: boolean }): JobOutcome {
  const { name, message } = (typeof error === 'object' && error !== null ? error : {}) as Partial<Error>;
  if (message === 'bullmq:rateLimitExceeded') return 'rate_limited';
  const byName = typeof name === 'string' && Object.hasOwn(BY_ERROR_NAME, name) ? BY_ERROR_NAME[name] : undefined;
  if (byName !== undefined) return byName;
  return signal?.aborted === true ? 'cancelled' : 'failed';
}
