import { isMainThread } from 'node:worker_threads';

/** `sandbox`: a process that BullMQ forked to run one sandboxed job at a time. */
export type ProcessRole = 'main' | 'sandbox';

/** The file that BullMQ forks for a sandboxed processor. */
const SANDBOX_ENTRY = /[\\/]dist[\\/](?:cjs|esm)[\\/]classes[\\/]main\.[cm]?js$/;

export function processRole(argv: readonly string[] = process.argv): ProcessRole {
  return SANDBOX_ENTRY.test(argv[1] ?? '') && process.send !== undefined ? 'sandbox' : 'main';
}

/** A worker thread shares the pid and RSS of its process: measuring there would count the memory twice. */
export function mayMeasure(): boolean {
  return isMainThread;
}
