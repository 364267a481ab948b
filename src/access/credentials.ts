import { createHash, timingSafeEqual } from 'node:crypto';

/** What a request's `Authorization` header is worth: for the ingest and for the API alike. */

/** A secret as its hash: secrets of any length compare in the same time. */
export type SecretDigest = Buffer;

export function digestOf(secret: string): SecretDigest {
  return createHash('sha256').update(secret).digest();
}

/** The time it takes says nothing about the secret, nor about its length. */
export function isSecret(given: string, digest: SecretDigest): boolean {
  return timingSafeEqual(digestOf(given), digest);
}

/** The token of `Authorization: Bearer <token>`; null where the header is absent or of another scheme. */
export function bearerTokenOf(authorization: string | null): string | null {
  return /^bearer +(\S+) *$/i.exec(authorization ?? '')?.[1] ?? null;
}
