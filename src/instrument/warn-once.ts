import { printLine } from './print-line.ts';

const warned = new Set<string>();

/** Prints each message once per process or worker thread, on the application's own output. Never throws. */
export function warnOnce(message: string): void {
  if (warned.has(message)) return;
  warned.add(message);
  printLine(`tidemark: ${message}`);
}
