import pino from 'pino';
import { scrubber } from '../../adapters/scrub.ts';

/** One JSON object a line. `fields` must hold no secret; the names below are struck out all the same. */
export interface Log {
  debug(message: string, fields?: object): void;
  info(message: string, fields?: object): void;
  warn(message: string, fields?: object): void;
  error(message: string, fields?: object): void;
}

/** Writes to `destination` (standard output by default); `secrets` are struck out of every line, as are tokens of well-known forms. */
export function createLog(
  secrets: readonly string[],
  destination: { write(line: string): void } = process.stdout,
): Log {
  // What is shorter is no secret, and words would lose their letters.
  const strike = scrubber(secrets.filter((secret) => secret.length >= 4));
  const logger = pino(
    { base: null, timestamp: pino.stdTimeFunctions.isoTime, formatters: { level: (label) => ({ level: label }) } },
    { write: (line: string) => void destination.write(strike(line)) },
  );
  const at =
    (level: 'debug' | 'info' | 'warn' | 'error') =>
    (message: string, fields: object = {}) =>
      logger[level](fields, message);
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}
