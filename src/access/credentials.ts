import { createHash, timingSafeEqual } from 'node:crypto';

/** Reads and checks a request's `Authorization` header, for the ingest and the API. */

/** The hash of a secret: hashes have one length, so comparing them takes the same time for every secret. */
export type SecretDigest = Buffer;

export function digestOf(secret: string): SecretDigest {
  return createHash('sha256').update(secret).digest();
}

/** Compares in constant time, so that timing reveals nothing about the secret or its length. */
export function isSecret(given: string, digest: SecretDigest): boolean {
  return timingSafeEqual(digestOf(given), digest);
}

/** The token of `Authorization: Bearer <token>`; null if the header is absent or has another scheme. */
export function bearerTokenOf(authorization: string | null): string | null {
  return /^bearer +(\S+) *$/i.exec(authorization ?? '')?.[1] ?? null;
}
