/**
 * Heroku's tokens, the credentials in a URL and a bearer token, wherever they appear in a text. Linear: the first part
 * of credentials ends at the first colon, so there is one way to match.
 */
const WELL_KNOWN = /HRKU-[\w-]+|(?<=:\/\/)[^/\s"@:]*:[^/\s"@]*(?=@)|(?<=[Bb]earer )[\w.~+/=-]+/g;

/** Takes these secrets, and whatever has the form of a well-known one, out of a text that people will read. */
export function scrubber(secrets: readonly string[]): (text: string) => string {
  // The longest first: another may be a part of it.
  const known = [...new Set(secrets)].filter((secret) => secret !== '').sort((a, b) => b.length - a.length);
  return (text) =>
    known.reduce((rest, secret) => rest.replaceAll(secret, '[redacted]'), text).replace(WELL_KNOWN, '[redacted]');
}
