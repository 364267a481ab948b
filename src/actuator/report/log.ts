import pino from 'pino';

/** One JSON object a line. `fields` must hold no secret; the names below are struck out all the same. */
export interface Log {
  debug(message: string, fields?: object): void;
  info(message: string, fields?: object): void;
  warn(message: string, fields?: object): void;
  error(message: string, fields?: object): void;
}

/** Heroku's tokens and the credentials in a URL, wherever they appear in a line. */
const SECRETS = /HRKU-[\w-]+|(?<=:\/\/)[^/\s"@]*:[^/\s"@]*(?=@)|(?<=[Bb]earer )[\w.~+/=-]+/g;

/** Writes to `destination` (standard output by default); `secrets` are struck out of every line, as are tokens of well-known forms. */
export function createLog(
  secrets: readonly string[],
  destination: { write(line: string): void } = process.stdout,
): Log {
  const known = secrets.filter((secret) => secret.length >= 4);
  const strike = (line: string) =>
    known.reduce((text, secret) => text.replaceAll(secret, '[redacted]'), line).replace(SECRETS, '[redacted]');
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
