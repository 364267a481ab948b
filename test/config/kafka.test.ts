import { describe, expect, it } from 'vitest';
import { resolveActuatorSettings } from '../../src/config/resolve.ts';
import { ConfigError } from '../../src/model/errors.ts';

const ONE = '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----';
// Heroku may give several.
const PEM = `${ONE}\n${ONE}`;
const KEY = '-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----';

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
      KAFKA_TRUSTED_CERT: PEM,
      KAFKA_CLIENT_CERT: PEM,
      KAFKA_CLIENT_CERT_KEY: KEY,
      KAFKA_PREFIX: 'columbia-68051.',
    };
    expect(kafkaOf(env)).toEqual({
      brokers: ['ec2-1.compute.amazonaws.com:9096', 'ec2-2.compute.amazonaws.com:9096'],
      tls: { trustedCert: PEM, clientCert: PEM, clientCertKey: KEY },
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

  it('are needed by the source kafka, which stands alone', () => {
    expect(faultsOf({ TIDEMARK_SOURCE: 'kafka' })).toContain('KAFKA_URL is not set');
    expect(faultsOf({ TIDEMARK_SOURCE: 'otlp,kafka', KAFKA_URL: 'kafka://a:1' })).toContain('kafka alone');
  });
});
