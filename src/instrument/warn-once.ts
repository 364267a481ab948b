import { isMainThread } from 'node:worker_threads';
import { reportFault } from './diagnostics.ts';
import { printLine } from './print-line.ts';

const warned = new Set<string>();

/** Prints each message once per process or worker thread, on the application's own output. Never throws. */
export function warnOnce(message: string): void {
  if (warned.has(message)) return;
  warned.add(message);
  printLine(`tidemark: ${message}`);
}

/**
 * Runs `body`, with which measuring starts. If it throws, nothing is measured and no drain is seen: that is printed
 * once, because OpenTelemetry's diagnostics are silent by default. Never throws.
 *
 * @param runsWorker whether this process or thread runs a worker: no other prints
 */
export function startedOrWarned<T>(where: string, runsWorker: boolean, body: () => T): T | undefined {
  try {
    return body();
  } catch (error) {
    reportFault(where, error);
    const which = isMainThread ? 'process' : 'thread';
    if (runsWorker) warnOnce(`not started, so this ${which} is neither measured nor drained: ${messageOf(error)}`);
    return undefined;
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
