import { DiagConsoleLogger, type DiagLogger, DiagLogLevel, diag } from '@opentelemetry/api';
import { onConsole } from './print-line.ts';
import { oneLine } from './voice.ts';

/** Where every copy of the OpenTelemetry API keeps what is registered globally. The API offers no way to ask for it. */
const GLOBALS = Symbol.for('opentelemetry.js.api.1');

/** Not `DiagLogLevel` itself: that also maps its numbers to its names, so "30" would pass for a level. */
const LEVELS: ReadonlyMap<string, DiagLogLevel> = new Map(
  (['ALL', 'VERBOSE', 'DEBUG', 'INFO', 'WARN', 'ERROR', 'NONE'] as const).map((name) => [name, DiagLogLevel[name]]),
);

/**
 * Prints OpenTelemetry's diagnostics on the console from this level on, as the SDKs do: for a value that is no level,
 * from `INFO` on, with a warning. Does nothing without a value, or if the application has set a logger. For the
 * `register` entry only: a library function sets no global logger.
 *
 * @param value of `OTEL_LOG_LEVEL`
 */
export function logToConsole(value: string | undefined): void {
  const name = value?.trim().toUpperCase() ?? '';
  if (name === '' || hasLogger()) return;
  const logLevel = LEVELS.get(name);
  diag.setLogger(consoleLogger(), { logLevel: logLevel ?? DiagLogLevel.INFO });
  if (logLevel === undefined) {
    const names = [...LEVELS.keys()].join(', ');
    diag.warn(`tidemark: OTEL_LOG_LEVEL="${oneLine(value ?? '', 40)}" is not one of ${names}; using INFO`);
  }
}

function hasLogger(): boolean {
  const globals = (globalThis as { [GLOBALS]?: { diag?: object } })[GLOBALS];
  return globals?.diag !== undefined;
}

/** OpenTelemetry's own logger, which ends the application when its output is closed. */
function consoleLogger(): DiagLogger {
  const logger = new DiagConsoleLogger();
  const tolerant =
    (level: keyof DiagLogger): DiagLogger[typeof level] =>
    (...line) =>
      onConsole(() => logger[level](...line));
  return {
    error: tolerant('error'),
    warn: tolerant('warn'),
    info: tolerant('info'),
    debug: tolerant('debug'),
    verbose: tolerant('verbose'),
  };
}
