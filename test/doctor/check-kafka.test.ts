import { describe, expect, it } from 'vitest';
import { judgeKafka } from '../../src/doctor/check-kafka.ts';

const SETTINGS = { brokers: ['one:9096', 'two:9096'], tls: null, topic: 'tidemark', group: 'tidemark' };

describe('what the doctor says of Kafka', () => {
  it('is well where the topic has partitions for several actuators', () => {
    expect(judgeKafka({ ok: true, partitions: 12, brokers: 3 }, SETTINGS)).toEqual([
      {
        level: 'ok',
        subject: 'Kafka',
        says: 'one:9096, two:9096: 3 brokers, without TLS; the topic tidemark has 12 partitions',
        advice: null,
      },
    ]);
  });

  it('warns of a topic that one actuator reads alone', () => {
    const findings = judgeKafka({ ok: true, partitions: 1, brokers: 1 }, SETTINGS);
    expect(findings.map(({ level }) => level)).toEqual(['ok', 'warning']);
  });

  it('is a fault where the brokers do not answer, with what to do', () => {
    const answer = { ok: false, why: 'Connection closed', advice: 'check KAFKA_CLIENT_CERT' } as const;
    expect(judgeKafka(answer, SETTINGS)).toMatchObject([
      { level: 'fault', says: 'one:9096, two:9096: Connection closed: no measurement arrives', advice: answer.advice },
    ]);
  });
});
