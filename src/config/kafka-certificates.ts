import { createPrivateKey, X509Certificate } from 'node:crypto';

/** PEM texts. */
export interface KafkaTls {
  /** Null: the public authorities are trusted, and host names are compared. */
  readonly trustedCert: string | null;
  /** That the brokers ask for. Null: they are given none. */
  readonly clientCert: string | null;
  /** Of `clientCert`. A secret. */
  readonly clientCertKey: string | null;
}

const BLOCK = /-----BEGIN [A-Z ]+-----[\s\S]+?-----END [A-Z ]+-----/g;

/**
 * What is wrong with the certificates, each by itself and together: OpenSSL would only say so at each connection, and
 * in its own words. Repeats nothing of a key.
 */
export function faultsOfCertificates({ trustedCert, clientCert, clientCertKey }: KafkaTls): readonly string[] {
  return [
    ...unreadable('KAFKA_TRUSTED_CERT', trustedCert),
    ...unreadable('KAFKA_CLIENT_CERT', clientCert),
    ...unreadableKey(clientCertKey),
    ...notOnePair(clientCert, clientCertKey),
  ];
}

/** A chain, or several authorities: each block must be a certificate. */
function unreadable(name: string, text: string | null): readonly string[] {
  const blocks = text?.match(BLOCK) ?? [];
  const bad = blocks.findIndex((block) => certificateIn(block) === null);
  if (bad < 0) return [];
  const which = blocks.length === 1 ? 'it' : `certificate ${bad + 1} of ${blocks.length}`;
  return [`${name}: ${which} cannot be read as an X.509 certificate: copy it again, whole and with its line breaks`];
}

function unreadableKey(text: string | null): readonly string[] {
  if (text === null || keyIn(text) !== null) return [];
  const says = 'it cannot be read as a private key without a passphrase';
  return [`KAFKA_CLIENT_CERT_KEY: ${says}: copy it again, whole and with its line breaks`];
}

function notOnePair(clientCert: string | null, clientCertKey: string | null): readonly string[] {
  if (clientCert === null && clientCertKey === null) return [];
  if (clientCertKey === null) return ['KAFKA_CLIENT_CERT is set, but KAFKA_CLIENT_CERT_KEY is not: set both'];
  if (clientCert === null) return ['KAFKA_CLIENT_CERT_KEY is set, but KAFKA_CLIENT_CERT is not: set both'];
  const [certificate, key] = [certificateIn(clientCert), keyIn(clientCertKey)];
  if (certificate === null || key === null || certificate.checkPrivateKey(key)) return [];
  return ['KAFKA_CLIENT_CERT_KEY is not the key of KAFKA_CLIENT_CERT: set both from the same attachment'];
}

/** The first one of the text. */
function certificateIn(text: string): X509Certificate | null {
  try {
    return new X509Certificate(text);
  } catch {
    return null;
  }
}

function keyIn(text: string) {
  try {
    return createPrivateKey(text);
  } catch {
    return null;
  }
}
