import { reportFault } from '../diagnostics.ts';

/** What a hook receives. */
export interface DrainContext {
  /** The restart under way; the actuator's log has the same id. */
  readonly attemptId: string;
  /** Aborted when the workers resume because the restart was not made. */
  readonly signal: AbortSignal;
}

/**
 * A restart waits for its promise until the drain's grace (`TIDEMARK_GRACE`, 120 s by default) is over. An error is
 * reported and delays nothing.
 */
export type DrainHook = (context: DrainContext) => void | Promise<void>;

interface Hooks {
  readonly drain: Set<DrainHook>;
  readonly restart: Set<DrainHook>;
}

const HOOKS = Symbol.for('tidemark.hooks');

/**
 * On `globalThis`, like the process's watch: the copy of this package that the application registers with may be
 * another one.
 */
function hooks(): Hooks {
  const holder = globalThis as { [HOOKS]?: Hooks };
  holder[HOOKS] ??= { drain: new Set(), restart: new Set() };
  return holder[HOOKS];
}

/**
 * Calls `hook` when this process is asked to drain: its BullMQ workers take no more jobs, and running jobs continue.
 * Stop there whatever else takes in work. Never throws.
 *
 * @returns a function that removes the hook
 *
 * @example
 * ```ts
 * onDrain(({ signal }) => {
 *   consumer.pause();
 *   signal.addEventListener('abort', () => consumer.resume());
 * });
 * ```
 */
export function onDrain(hook: DrainHook): () => void {
  hooks().drain.add(hook);
  return () => void hooks().drain.delete(hook);
}

/**
 * Calls `hook` when the last job of a drain has ended, right before the process counts as idle and its dyno is
 * restarted. Flush there what must not wait for SIGTERM. Another process of the dyno may still be busy, and the restart
 * may still be cancelled. Never throws.
 *
 * @returns a function that removes the hook
 *
 * @example
 * ```ts
 * onRestart(async () => {
 *   await reporter.flush();
 * });
 * ```
 */
export function onRestart(hook: DrainHook): () => void {
  hooks().restart.add(hook);
  return () => void hooks().restart.delete(hook);
}

/** Resolves when every hook has settled; one that fails is reported and holds nothing up. */
export async function callHooks(which: keyof Hooks, context: DrainContext): Promise<void> {
  const calls = [...hooks()[which]].map(async (hook) => hook(context));
  for (const { status, ...outcome } of await Promise.allSettled(calls)) {
    if (status === 'rejected' && 'reason' in outcome)
      reportFault(`a hook of the application (${which})`, outcome.reason);
  }
}
