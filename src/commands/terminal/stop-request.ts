import { constants } from 'node:os';
import { whenOutputCloses } from './output.ts';

export interface StopRequest {
  /** Aborted at the first signal, or when the output has lost its reader; `reason` says which. */
  readonly signal: AbortSignal;
  /** Resolves with that reason. */
  readonly requested: Promise<string>;
  /** The first signal; null while there was none. */
  received(): NodeJS.Signals | null;
  /** From now on signals end the process as they do by default. */
  [Symbol.dispose](): void;
}

const SIGNALS = ['SIGTERM', 'SIGINT'] as const;

/**
 * For commands that must stop something before they end. A second signal ends the process at once, even if something
 * hangs.
 *
 * @param others signals that stop it too. SIGHUP is for commands of a terminal: `nohup` must keep the others running
 */
export function listenForStop(others: readonly NodeJS.Signals[] = []): StopRequest {
  const signals = [...SIGNALS, ...others];
  const stop = new AbortController();
  const requested = Promise.withResolvers<string>();
  let received: NodeJS.Signals | null = null;
  const request = (reason: string) => {
    stop.abort(reason);
    requested.resolve(reason);
  };
  const onSignal = (signal: NodeJS.Signals) => {
    if (received !== null) process.exit(exitCodeOf(signal));
    received = signal;
    request(`${signal} received`);
  };
  for (const name of signals) process.on(name, onSignal);
  whenOutputCloses(() => request('the output is no longer read'));
  return {
    signal: stop.signal,
    requested: requested.promise,
    received: () => received,
    [Symbol.dispose]: () => {
      for (const name of signals) process.removeListener(name, onSignal);
    },
  };
}

/** The exit code that shells report for a process that a signal ended. */
export function exitCodeOf(signal: NodeJS.Signals): number {
  return 128 + constants.signals[signal];
}
