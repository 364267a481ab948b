import { MAX_JSON_VALUES } from './limits.ts';

const OPEN_BRACE = 0x7b;
const OPEN_BRACKET = 0x5b;
const COMMA = 0x2c;

/**
 * Whether `JSON.parse` would make more values of it than an export has. It counts the bytes that begin one,
 * those inside of strings too: that is cheap, and an export's strings have few of them.
 */
export function hasTooManyValues(json: Uint8Array): boolean {
  if (json.length <= MAX_JSON_VALUES) return false;
  let values = 0;
  for (const byte of json) {
    if (byte === COMMA || byte === OPEN_BRACE || byte === OPEN_BRACKET) values++;
  }
  return values > MAX_JSON_VALUES;
}
