import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { resolveActuatorSettings } from '../../src/config/resolve.ts';
import { ConfigError } from '../../src/model/errors.ts';
import { type Certificates, makeCertificates } from '../e2e/kafka/certificates.ts';

const NO_CERTIFICATE = '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----';
const NO_KEY = '-----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY-----';

const folders = [1, 2].map(() => mkdtempSync(join(tmpdir(), 'tidemark-certificates-')));
let own: Certificates;
let others: Certificates;
beforeAll(async () => {
  [own, others] = (await Promise.all(folders.map(makeCertificates))) as [Certificates, Certificates];
});
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true });
});

const kafkaOf = (env: Record<string, string>) => resolveActuatorSettings({ env, flags: {} }).kafka;

function faultsOf(env: Record<string, string>): string {
  try {
    resolveActuatorSettings({ env, flags: {} });
    return '';
  } catch (error) {
    return error instanceof ConfigError ? error.faults.join('\n') : String(error);
  }
}

describe('the settings of Kafka', () => {
  it('are what Heroku sets on an app with a Basic plan', () => {
    const env = {
      TIDEMARK_SOURCE: 'kafka',
      KAFKA_URL: 'kafka+ssl://ec2-1.compute.amazonaws.com:9096,kafka+ssl://ec2-2.compute.amazonaws.com:9096',
      KAFKA_TRUSTED_CERT: own.trusted,
      KAFKA_CLIENT_CERT: own.clientCert,
      KAFKA_CLIENT_CERT_KEY: own.clientCertKey,
      KAFKA_PREFIX: 'columbia-68051.',
    };
    expect(kafkaOf(env)).toEqual({
      brokers: ['ec2-1.compute.amazonaws.com:9096', 'ec2-2.compute.amazonaws.com:9096'],
      tls: {
        trustedCert: own.trusted.trim(),
        clientCert: own.clientCert.trim(),
        clientCertKey: own.clientCertKey.trim(),
      },
      topic: 'columbia-68051.tidemark',
      group: 'columbia-68051.tidemark',
    });
  });

  it('are an address alone where the brokers take no TLS', () => {
    expect(kafkaOf({ KAFKA_URL: 'kafka://127.0.0.1:9092' })).toEqual({
      brokers: ['127.0.0.1:9092'],
      tls: null,
      topic: 'tidemark',
      group: 'tidemark',
    });
    expect(kafkaOf({})).toBeNull();
  });

  it.each([
    ['127.0.0.1:9092', 'KAFKA_URL'],
    ['kafka://a:1,kafka+ssl://b:2', 'KAFKA_URL'],
    ['kafka+ssl://user:secret@host:1', 'KAFKA_URL'],
  ])('refuse the address %s', (address, name) => {
    expect(faultsOf({ KAFKA_URL: address })).toContain(name);
  });

  it('never repeat a key that is no PEM', () => {
    expect(faultsOf({ KAFKA_CLIENT_CERT_KEY: 'MIIE-secret' })).toMatch(/KAFKA_CLIENT_CERT_KEY(?!.*secret)/);
  });

  it.each<readonly [string, (own: Certificates, others: Certificates) => Record<string, string>, string]>([
    [
      'a certificate without its key',
      ({ clientCert }) => ({ KAFKA_CLIENT_CERT: clientCert }),
      'KAFKA_CLIENT_CERT is set, but KAFKA_CLIENT_CERT_KEY is not: set both',
    ],
    [
      'a key without its certificate',
      ({ clientCertKey }) => ({ KAFKA_CLIENT_CERT_KEY: clientCertKey }),
      'KAFKA_CLIENT_CERT_KEY is set, but KAFKA_CLIENT_CERT is not: set both',
    ],
    [
      "another certificate's key",
      ({ clientCert }, { clientCertKey }) => ({ KAFKA_CLIENT_CERT: clientCert, KAFKA_CLIENT_CERT_KEY: clientCertKey }),
      'KAFKA_CLIENT_CERT_KEY is not the key of KAFKA_CLIENT_CERT: set both from the same attachment',
    ],
    [
      'a certificate that is cut off',
      ({ clientCertKey }) => ({ KAFKA_CLIENT_CERT: NO_CERTIFICATE, KAFKA_CLIENT_CERT_KEY: clientCertKey }),
      'KAFKA_CLIENT_CERT: it cannot be read as an X.509 certificate: copy it again, whole and with its line breaks',
    ],
    [
      'a key that is cut off',
      ({ clientCert }) => ({ KAFKA_CLIENT_CERT: clientCert, KAFKA_CLIENT_CERT_KEY: NO_KEY }),
      'KAFKA_CLIENT_CERT_KEY: it cannot be read as a private key without a passphrase: copy it again, ' +
        'whole and with its line breaks',
    ],
    [
      'authorities of which one is cut off',
      ({ trusted }) => ({ KAFKA_TRUSTED_CERT: `${trusted}\n${NO_CERTIFICATE}` }),
      'KAFKA_TRUSTED_CERT: certificate 3 of 3 cannot be read as an X.509 certificate: copy it again, whole and ' +
        'with its line breaks',
    ],
  ])('refuse %s', (_, env, fault) => {
    const kafka = { TIDEMARK_SOURCE: 'kafka', KAFKA_URL: 'kafka+ssl://a:1' };
    expect(faultsOf({ ...kafka, ...env(own, others) })).toBe(fault);
    // Nobody reads them there.
    expect(faultsOf({ ...kafka, TIDEMARK_SOURCE: 'otlp', ...env(own, others) })).toBe('');
  });

  it('are needed by the source kafka, which stands alone', () => {
    expect(faultsOf({ TIDEMARK_SOURCE: 'kafka' })).toContain('KAFKA_URL is not set');
    expect(faultsOf({ TIDEMARK_SOURCE: 'otlp,kafka', KAFKA_URL: 'kafka://a:1' })).toContain('kafka alone');
  });
});
