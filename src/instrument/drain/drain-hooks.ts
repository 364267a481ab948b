import { reportFault } from '../diagnostics.ts';

/** What a hook receives. */
export interface DrainContext {
  /** The restart under way; the actuator's log has the same id. */
  readonly attemptId: string;
  /**
   * Aborted when the workers resume because the restart was not made. Without workers, nobody sees that the restart is
   * still wanted: if none is created within 10 s of the last one's close, it is aborted too. A worker that is created
   * after that, during the same drain, calls the hooks again.
   */
  readonly signal: AbortSignal;
}

/**
 * The restart waits for the hook's promise, at most until the drain's grace period (`TIDEMARK_GRACE`, 120 s by default)
 * ends. If the hook fails, the error is reported and the restart is not delayed.
 */
export type DrainHook = (context: DrainContext) => void | Promise<void>;

interface Hooks {
  readonly drain: Set<DrainHook>;
  readonly restart: Set<DrainHook>;
}

const HOOKS = Symbol.for('tidemark.hooks');

/**
 * On `globalThis`, like the process's instrumentation: the application may register hooks with another copy of this
 * package.
 */
function hooks(): Hooks {
  const holder = globalThis as { [HOOKS]?: Hooks };
  holder[HOOKS] ??= { drain: new Set(), restart: new Set() };
  return holder[HOOKS];
}

/**
 * Calls `hook` when this process is asked to drain: its BullMQ workers take no more jobs, and running jobs continue.
 * Use it to stop everything else that accepts work. Never throws.
 *
 * @returns a function that removes the hook
 *
 * @example
 * ```ts
 * onDrain(({ signal }) => {
 * consumer.pause();
 * signal.addEventListener('abort', () => consumer.resume());
 * });
 * ```
 */
export function onDrain(hook: DrainHook): () => void {
  hooks().drain.add(hook);
  return () => void hooks().drain.delete(hook);
}

/**
 * Calls `hook` when the last job of a drain has ended, right before the process counts as idle and its dyno is
 * restarted. Use it to flush what must not wait for SIGTERM. Another process of the dyno may still be busy, and the
 * restart may still be cancelled. Never throws.
 *
 * @returns a function that removes the hook
 *
 * @example
 * ```ts
 * onRestart(async () => {
 * await reporter.flush();
 * });
 * ```
 */
export function onRestart(hook: DrainHook): () => void {
  hooks().restart.add(hook);
  return () => void hooks().restart.delete(hook);
}

/** Resolves when every hook has settled. If a hook fails, the error is reported and delays nothing. */
export async function callHooks(which: keyof Hooks, context: DrainContext): Promise<void> {
  const calls = [...hooks()[which]].map(async (hook) => hook(context));
  for (const { status, ...outcome } of await Promise.allSettled(calls)) {
    if (status === 'rejected' && 'reason' in outcome) reportFault(`the application's ${which} hook`, outcome.reason);
  }
}
