import { optional, type Reader } from './setting.ts';
import { KAFKA_ADDRESS, KAFKA_NAME_START, PEM } from './values.ts';

const SERVICE = ['actuator', 'doctor'] as const satisfies readonly Reader[];

/** The names under which Heroku attaches a Kafka. Read where `TIDEMARK_SOURCE` is `kafka`. */
export const KAFKA_SETTINGS = {
  kafkaAddress: optional({
    name: 'KAFKA_URL',
    readBy: SERVICE,
    value: KAFKA_ADDRESS,
    unset: 'none',
    meaning: 'The brokers of `TIDEMARK_SOURCE=kafka`: `kafka://host:port`, or `kafka+ssl://host:port` for TLS.',
  }),
  kafkaTrustedCert: optional({
    name: 'KAFKA_TRUSTED_CERT',
    isSecret: true,
    readBy: SERVICE,
    value: PEM,
    unset: 'the public authorities',
    meaning:
      "Who signed the brokers' certificates. With it host names are not compared: the certificates of Heroku's " +
      'brokers do not carry them.',
  }),
  kafkaClientCert: optional({
    name: 'KAFKA_CLIENT_CERT',
    isSecret: true,
    readBy: SERVICE,
    value: PEM,
    unset: 'none',
    meaning: 'The certificate by which the brokers know this actuator.',
  }),
  kafkaClientCertKey: optional({
    name: 'KAFKA_CLIENT_CERT_KEY',
    isSecret: true,
    readBy: SERVICE,
    value: PEM,
    unset: 'none',
    meaning: "That certificate's key.",
  }),
  kafkaPrefix: optional({
    name: 'KAFKA_PREFIX',
    readBy: SERVICE,
    value: KAFKA_NAME_START,
    unset: 'none',
    meaning: 'Comes before the names of topic and consumer group, both `tidemark`. Set by Heroku on its Basic plans.',
  }),
};
