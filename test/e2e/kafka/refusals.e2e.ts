import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { KafkaConnection } from '../../../src/adapters/kafka/client.ts';
import { inspectKafka } from '../../../src/adapters/kafka/inspect.ts';
import { createPartitionReader, type PartitionListener } from '../../../src/adapters/kafka/partition-reader.ts';
import { Broker } from './broker.ts';
import { type Certificates, makeCertificates } from './certificates.ts';

type Tls = NonNullable<KafkaConnection['tls']>;

const PATIENCE = { timeout: 60_000, interval: 100 };
const LISTENER: PartitionListener = {
  onHeld: () => undefined,
  onConfirmed: () => undefined,
  onRecord: () => undefined,
  onProgress: () => undefined,
  onSkipped: () => undefined,
  onOutOfRange: () => undefined,
};

let folder: string;
let withTls: Broker;
let withoutTls: Broker;
let own: Certificates;
let others: Certificates;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tidemark-strangers-'));
  [withTls, withoutTls, others] = await Promise.all([
    Broker.start({ isTls: true }),
    Broker.start(),
    makeCertificates(folder),
  ]);
  own = withTls.certificates as Certificates;
}, 120_000);
afterAll(async () => {
  await Promise.all([withTls?.stop(), withoutTls?.stop()]);
  await rm(folder, { recursive: true, force: true });
});

const tlsOf = ({ trusted, clientCert, clientCertKey }: Certificates): Tls => ({
  trustedCert: trusted,
  clientCert,
  clientCertKey,
});

describe('what people read where Kafka does not take this actuator', { timeout: 90_000 }, () => {
  it.each<readonly [string, () => readonly [Broker, Tls | null], RegExp]>([
    [
      'demands a certificate, and it has none',
      () => [withTls, { trustedCert: own.trusted, clientCert: null, clientCertKey: null }],
      /does not accept the client certificate: check KAFKA_CLIENT_CERT and KAFKA_CLIENT_CERT_KEY/,
    ],
    [
      'does not know the one who signed its certificate',
      () => [withTls, { ...tlsOf(others), trustedCert: own.trusted }],
      /does not accept the client certificate: check KAFKA_CLIENT_CERT and KAFKA_CLIENT_CERT_KEY/,
    ],
    [
      'has a certificate that is not signed by who is trusted',
      () => [withTls, { ...tlsOf(own), trustedCert: others.trusted }],
      /KAFKA_TRUSTED_CERT must hold the certificate of who signed the brokers' certificates/,
    ],
    ['demands TLS', () => [withTls, null], /write kafka\+ssl:\/\/ in KAFKA_URL/],
    ['takes no TLS', () => [withoutTls, tlsOf(own)], /write kafka:\/\/ in KAFKA_URL/],
    ['has no such topic', () => [withTls, tlsOf(own)], /create it, with several partitions/],
  ])('it %s', async (_, place, advice) => {
    const [broker, tls] = place();
    const connection = { brokers: [broker.address], tls, topic: 'tidemark', group: 'tidemark' };
    const answer = await inspectKafka(connection);
    expect(answer.ok ? 'it is well' : `${answer.why} -> ${answer.advice}`).toMatch(advice);
    const lines: string[] = [];
    const reader = await createPartitionReader(connection, (level, message) => lines.push(`${level} ${message}`));
    reader.start(LISTENER);
    await vi.waitFor(() => expect(lines.join('\n')).toMatch(advice), PATIENCE);
    await reader.close();
    expect(lines).toHaveLength(1);
    expect(lines[0]).not.toContain('BEGIN');
  });
});
