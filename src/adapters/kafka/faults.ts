import type { KafkaConnection } from './client.ts';

/** Of the library's errors those that come from the network, a broker's answer, or a wrong call. */
const CODES_OF_OTHERS = /^PLT_KFK_(AUTHENTICATION|NETWORK|PROTOCOL|RESPONSE|TIMEOUT|USER|UNSUPPORTED_API)$/;

/** Whether an answer came, and could not be read: its records are damaged, too large, or of an unknown form. */
export function isUnreadable(error: unknown): boolean {
  if (error instanceof AggregateError) return error.errors.length > 0 && error.errors.every(isUnreadable);
  const { code } = error as { readonly code?: unknown };
  return !(typeof code === 'string' && (CODES_OF_OTHERS.test(code) || /^E[A-Z]+$/.test(code)));
}

/** The innermost causes, each once: the outer messages only say that something was tried. */
export function messageOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0)
    return [...new Set(error.errors.map(messageOf))].slice(0, 3).join('; ');
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? `${error.message} ${messageOf(error.cause)}` : error.message;
}

interface Advice {
  readonly says: RegExp;
  readonly isTls: boolean;
  readonly advice: string;
}

/** In this order; the words are those of Kafka, of the library and of OpenSSL. */
const ADVICE: readonly Advice[] = [
  { says: /requires TLS/, isTls: false, advice: 'write kafka+ssl:// in KAFKA_URL' },
  { says: /verify the broker supports TLS/, isTls: true, advice: 'if it takes none, write kafka:// in KAFKA_URL' },
  {
    says: /connection closed|handshake failure|certificate required|unknown ca|bad certificate/i,
    isTls: true,
    advice:
      'a broker ends the connection where it does not accept the client certificate: check KAFKA_CLIENT_CERT and ' +
      'KAFKA_CLIENT_CERT_KEY',
  },
  {
    says: /certificate/i,
    isTls: true,
    advice: "KAFKA_TRUSTED_CERT must hold the certificate of who signed the brokers' certificates",
  },
];

/** What a person can do about a fault of which this is the message; null where that is not known. */
export function adviceFor(message: string, { topic, tls }: Pick<KafkaConnection, 'topic' | 'tls'>): string | null {
  if (/unknown topic/i.test(message))
    return (
      `create it, with several partitions: on Heroku "heroku kafka:topics:create tidemark --partitions 12", ` +
      `elsewhere "kafka-topics.sh --create --topic ${topic} --partitions 12"`
    );
  const isTls = tls !== null;
  return ADVICE.find((entry) => entry.says.test(message) && entry.isTls === isTls)?.advice ?? null;
}
