import { diag } from '@opentelemetry/api';

const reported = new Set<string>();

/**
 * An inner fault, told once per place: the instrumentation must never throw into the application, and a fault on the way of every
 * job must not fill its log either.
 */
export function reportFault(where: string, error: unknown): void {
  if (reported.has(where)) return;
  reported.add(where);
  diag.error(`tidemark: ${where} failed; this is told once`, error);
}

/** Runs `body`; what it throws is reported and becomes `undefined`. */
export function guarded<T>(where: string, body: () => T): T | undefined {
  try {
    return body();
  } catch (error) {
    reportFault(where, error);
    return undefined;
  }
}
