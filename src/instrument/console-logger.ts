import { DiagConsoleLogger, DiagLogLevel, diag } from '@opentelemetry/api';

/** Where every copy of the OpenTelemetry API keeps what is registered globally. The API offers no way to ask for it. */
const GLOBALS = Symbol.for('opentelemetry.js.api.1');

/**
 * Prints OpenTelemetry's diagnostics on the console from this level on, as the SDKs do. Does nothing without a valid
 * level, or if the application has set a logger. For the `register` entry only: a library function sets no global logger.
 *
 * @param level the value of `OTEL_LOG_LEVEL`
 */
export function logToConsole(level: string | undefined): void {
  const name = level?.trim().toUpperCase() ?? '';
  if (!Object.hasOwn(DiagLogLevel, name) || hasLogger()) return;
  diag.setLogger(new DiagConsoleLogger(), { logLevel: DiagLogLevel[name as keyof typeof DiagLogLevel] });
}

function hasLogger(): boolean {
  const globals = (globalThis as { [GLOBALS]?: { diag?: object } })[GLOBALS];
  return globals?.diag !== undefined;
}
