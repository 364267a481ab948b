import { inspectKafka, type KafkaAnswer } from '../adapters/kafka/inspect.ts';
import type { ActuatorSettings, KafkaSettings } from '../config/resolve.ts';
import { type Finding, findingsOn } from './finding.ts';

const { ok, warning, fault } = findingsOn('Kafka');

/** Where measurements come from Kafka: whether the brokers answer, and what the topic is like. */
export async function checkKafka({ sources, kafka }: ActuatorSettings): Promise<readonly Finding[]> {
  if (kafka === null || !sources.includes('kafka')) return [];
  return judgeKafka(await inspectKafka(kafka), kafka);
}

export function judgeKafka(answer: KafkaAnswer, { brokers, tls, topic }: KafkaSettings): readonly Finding[] {
  const where = brokers.join(', ');
  if (!answer.ok) return [fault(`${where}: ${answer.why}: no measurement arrives`, answer.advice)];
  const { partitions } = answer;
  const reached = `${where}: ${answer.brokers} brokers, ${tls === null ? 'without TLS' : 'over TLS'}`;
  const found = ok(`${reached}; the topic ${topic} has ${partitions} partitions`);
  if (partitions > 1) return [found];
  const says = `the topic ${topic} has one partition: a second actuator would have nothing to do`;
  return [found, warning(says, 'to use several, create it again with 12 partitions or more')];
}
