import { diag } from '@opentelemetry/api';

const reported = new Set<string>();

/**
 * Reports an internal fault, once per place. The instrumentation must never throw into the application, and a fault
 * that repeats with every job must not fill its log.
 */
export function reportFault(where: string, error: unknown): void {
  if (reported.has(where)) return;
  reported.add(where);
  diag.error(`tidemark: ${where} failed; this is reported once`, error);
}

/** Runs `body`. If it throws, reports the error and returns `undefined`. */
export function guarded<T>(where: string, body: () => T): T | undefined {
  try {
    return body();
  } catch (error) {
    reportFault(where, error);
    return undefined;
  }
}
