import { isIP } from 'node:net';
import type { Consumer } from '@platformatic/kafka';
import { boundDecompression } from './bounded-decompression.ts';

/** How long a broker may take to answer; a join waits for the other members, so it takes up to `REBALANCE_MS`. */
const REQUEST_MS = 10_000;
const METADATA_MS = 30_000;

/**
 * A member that is not heard of for so long has lost its partitions. The least that brokers allow by default is 6 s;
 * with more, the partitions of a killed actuator wait longer.
 */
export const SESSION_MS = 10_000;
const HEARTBEAT_MS = 2_000;
const REBALANCE_MS = 15_000;

/** Where Kafka is, and what is read there. */
export interface KafkaConnection {
  /** `host:port` of the brokers that are asked first. */
  readonly brokers: readonly string[];
  /** Null: not encrypted. */
  readonly tls: TlsTexts | null;
  readonly topic: string;
  /** The consumer group. */
  readonly group: string;
}

/** PEM, or null if there is none. */
interface TlsTexts {
  readonly trustedCert: string | null;
  readonly clientCert: string | null;
  readonly clientCertKey: string | null;
}

/** What Tidemark uses of the client library. */
export type KafkaClient = Consumer<Buffer, Buffer, Buffer, Buffer>;

export interface KafkaClients {
  /** In the consumer group. With a connection of its own: a join blocks what follows until all members are there. */
  member(): KafkaClient;
  /** Reads and asks only. */
  reader(): KafkaClient;
}

/** Loads the client library, which takes 60 MB of memory: only where measurements come from Kafka. */
export async function loadKafka({ brokers, tls, topic, group }: KafkaConnection): Promise<KafkaClients> {
  const library = await import('@platformatic/kafka');
  boundDecompression(library);
  const base = {
    clientId: 'tidemark',
    groupId: group,
    bootstrapBrokers: [...brokers],
    autocommit: false,
    metadataMaxAge: METADATA_MS,
    ...(tls === null ? {} : { tls: tlsOptions(tls), tlsServerName: brokers.every((broker) => !isAddress(broker)) }),
  };
  const tracking = (client: KafkaClient) => {
    client.topics.track(topic);
    return client;
  };
  return {
    member: () =>
      tracking(
        new library.Consumer({
          ...base,
          sessionTimeout: SESSION_MS,
          heartbeatInterval: HEARTBEAT_MS,
          rebalanceTimeout: REBALANCE_MS,
          // Members keep what they have while the group shares out the rest.
          protocols: [{ name: 'cooperative-sticky', version: 3 }],
          requestTimeout: 2 * REBALANCE_MS,
        }),
      ),
    // Whoever reads decides what a fault means, and when to try again.
    reader: () => tracking(new library.Consumer({ ...base, retries: 0, requestTimeout: REQUEST_MS })),
  };
}

function isAddress(broker: string): boolean {
  return isIP(broker.slice(0, broker.lastIndexOf(':'))) !== 0;
}

function tlsOptions({ trustedCert, clientCert, clientCertKey }: TlsTexts) {
  return {
    ...(clientCert === null ? {} : { cert: clientCert }),
    ...(clientCertKey === null ? {} : { key: clientCertKey }),
    // Heroku's brokers have certificates of an authority of their own, and without their host names.
    ...(trustedCert === null ? {} : { ca: trustedCert, checkServerIdentity: () => undefined }),
  };
}
