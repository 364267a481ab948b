import { type KafkaConnection, loadKafka } from './client.ts';
import { adviceFor, messageOf } from './faults.ts';

/** What the brokers say, or why they say nothing. */
export type KafkaAnswer =
  | { readonly ok: true; readonly partitions: number; readonly brokers: number }
  | { readonly ok: false; readonly why: string; readonly advice: string };

/** Asks for the topic, with a connection of its own. Changes nothing, and joins no group. Does not reject. */
export async function inspectKafka(connection: KafkaConnection): Promise<KafkaAnswer> {
  const { topic } = connection;
  const client = (await loadKafka(connection)).reader();
  try {
    const { topics, brokers } = await client.metadata({ topics: [topic], forceUpdate: true });
    return { ok: true, partitions: topics.get(topic)?.partitionsCount ?? 0, brokers: brokers.size };
  } catch (error) {
    const why = messageOf(error);
    const advice = adviceFor(why, connection) ?? 'check KAFKA_URL, and that this machine may reach it';
    return { ok: false, why, advice };
  } finally {
    await client.close(true).catch(() => undefined);
  }
}
