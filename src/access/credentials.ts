import { hash, timingSafeEqual } from 'node:crypto';

/** Reads and checks a request's `Authorization` header, for the ingest and the API. */

/** The hash of a secret: hashes have one length, so comparing them takes the same time for every secret. */
export type SecretDigest = Buffer;

export function digestOf(secret: string): SecretDigest {
  return hash('sha256', secret, 'buffer');
}

/** Compares in constant time, so that timing reveals nothing about the secret or its length. */
export function isSecret(given: string, digest: SecretDigest): boolean {
  return isSameSecret(digestOf(given), digest);
}

/** The same for a secret that was hashed once and is compared with several. */
export function isSameSecret(given: SecretDigest, digest: SecretDigest): boolean {
  return timingSafeEqual(given, digest);
}

/** The token of `Authorization: Bearer <token>`; null if the header is absent or has another scheme. */
export function bearerTokenOf(authorization: string | null): string | null {
  return /^bearer +(\S+) *$/i.exec(authorization ?? '')?.[1] ?? null;
}

/** What `Authorization: Basic` carries: the user and the password that are not empty; none for another scheme. */
export function basicNamesOf(authorization: string | null): readonly string[] {
  const encoded = /^basic +([A-Za-z0-9+/=]+) *$/i.exec(authorization ?? '')?.[1];
  if (encoded === undefined) return [];
  const text = Buffer.from(encoded, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  return (colon < 0 ? [text] : [text.slice(0, colon), text.slice(colon + 1)]).filter((name) => name !== '');
}
