import { scrubber } from '../../adapters/scrub.ts';
import { printable } from '../../model/text/printable.ts';

/** Writes one JSON object per line. `fields` must hold no secret; as a second guard, `createLog` redacts known ones. */
export interface Log {
  info(message: string, fields?: object): void;
  warn(message: string, fields?: object): void;
  error(message: string, fields?: object): void;
}

/**
 * Writes to `destination` (default: standard output). Every line is redacted: `secrets`, and tokens of well-known
 * forms.
 */
export function createLog(
  secrets: readonly string[],
  destination: { write(line: string): void } = process.stdout,
): Log {
  // Shorter values are no secrets, and replacing them would damage ordinary words.
  const strike = scrubber(secrets.filter((secret) => secret.length >= 4));
  const at =
    (level: 'info' | 'warn' | 'error') =>
    (message: string, fields: object = {}) => {
      const line = JSON.stringify({ level, time: new Date().toISOString(), ...fields, msg: message }, plain);
      // JSON leaves some characters as they are that a terminal obeys.
      destination.write(`${printable(strike(line))}\n`);
    };
  return { info: at('info'), warn: at('warn'), error: at('error') };
}

/** What JSON has no form for would end the line, and whoever logs with it. */
function plain(_: string, value: unknown): unknown {
  if (typeof value === 'bigint') return String(value);
  return value instanceof Error ? value.message : value;
}
