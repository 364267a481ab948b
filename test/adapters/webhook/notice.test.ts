import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { createWebhookNotice } from '../../../src/adapters/webhook/notice.ts';
import type { ActuatorEvent } from '../../../src/ports.ts';
import { aDecision } from '../../models/decisions.ts';
import { PATIENCE } from '../../patience.ts';

const servers: Server[] = [];

/** A receiver that answers with the statuses given, the last one for ever, and keeps what it got. */
interface Body {
  readonly text: string;
  readonly attachments: readonly { readonly text: string }[];
}

async function receiver(...statuses: readonly number[]) {
  const bodies: Body[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      bodies.push(JSON.parse(Buffer.concat(chunks).toString('utf8')));
      response.writeHead(statuses[Math.min(bodies.length, statuses.length) - 1] ?? 200, { 'retry-after': '0' }).end();
    });
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/secret-path`, bodies };
}

afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

const said = ({ attachments }: Body) => attachments[0]?.text;

let dynos = 0;

/** To a dyno of its own, as the same advice to the same dyno is not repeated. */
function advice(explanation: string, dyno = `worker.${++dynos}`): ActuatorEvent {
  const decision = aDecision({ action: 'advise', reason: 'working-set', explanation, dyno });
  return { type: 'decision', timeMs: 1, decision, outcome: null };
}

describe('the webhook', () => {
  it('reports advice, with its sentence', async () => {
    const { url, bodies } = await receiver(200);
    await createWebhookNotice({ url, onFault: expect.unreachable }).send(advice('a bigger dyno is needed', 'worker.1'));
    await vi.waitFor(() => expect(bodies).toHaveLength(1), PATIENCE);
    expect(bodies[0]).toMatchObject({
      text: 'shop worker.1: advice',
      attachments: [{ text: 'a bigger dyno is needed' }],
    });
  });

  it('keeps silent about decisions to do nothing', async () => {
    const { url, bodies } = await receiver(200);
    const notice = createWebhookNotice({ url, onFault: expect.unreachable });
    await notice.send({ type: 'decision', timeMs: 1, decision: aDecision(), outcome: null });
    await notice.send(advice('last'));
    await vi.waitFor(() => expect(bodies).toHaveLength(1), PATIENCE);
    expect(bodies.map(said)).toEqual(['last']);
  });

  it('tries again until it is taken, in order', async () => {
    const { url, bodies } = await receiver(500, 429, 200);
    const notice = createWebhookNotice({ url, onFault: expect.unreachable, retryAfterMs: [1, 1, 1] });
    await notice.send(advice('first'));
    await notice.send(advice('second'));
    await vi.waitFor(() => expect(bodies).toHaveLength(4), PATIENCE);
    expect(bodies.map(said)).toEqual(['first', 'first', 'first', 'second']);
  });

  it('says that it gave up, without the URL, and continues with the next message', async () => {
    const { url, bodies } = await receiver(500, 500, 200);
    const faults: string[] = [];
    const notice = createWebhookNotice({ url, onFault: (fault) => faults.push(fault), retryAfterMs: [1] });
    await notice.send(advice('lost'));
    await notice.send(advice('kept'));
    await vi.waitFor(() => expect(bodies).toHaveLength(3), PATIENCE);
    expect(faults).toEqual(['the webhook did not accept a message in 2 tries: status 500']);
  });

  it('does not try again what the receiver will never take', async () => {
    const { url, bodies } = await receiver(404, 200);
    const faults: string[] = [];
    const notice = createWebhookNotice({ url, onFault: (fault) => faults.push(fault), retryAfterMs: [1, 1] });
    await notice.send(advice('lost'));
    await notice.send(advice('kept'));
    await vi.waitFor(() => expect(bodies.map(said)).toEqual(['lost', 'kept']), PATIENCE);
    expect(faults).toEqual(['the webhook did not accept a message in 1 try: status 404']);
  });

  it('gives the same advice to the same dyno once an hour', async () => {
    const { url, bodies } = await receiver(200);
    let nowMs = 0;
    const notice = createWebhookNotice({ url, onFault: expect.unreachable, nowMs: () => nowMs });
    await notice.send(advice('first', 'worker.1'));
    nowMs = 3_599_999;
    await notice.send(advice('again', 'worker.1'));
    await notice.send(advice('other', 'worker.2'));
    nowMs = 3_600_000;
    await notice.send(advice('later', 'worker.1'));
    await vi.waitFor(() => expect(bodies.map(said)).toEqual(['first', 'other', 'later']), PATIENCE);
  });

  it('delivers what is on its way before it closes, and takes no more', async () => {
    const { url, bodies } = await receiver(200);
    const notice = createWebhookNotice({ url, onFault: expect.unreachable });
    await notice.send(advice('last words'));
    await notice.close(60_000);
    await notice.send(advice('too late'));
    expect(bodies.map(said)).toEqual(['last words']);
  });

  it('does not hold a stop up for a receiver that is away, and says what was lost', async () => {
    const { url, bodies } = await receiver(500);
    const faults: string[] = [];
    const notice = createWebhookNotice({ url, onFault: (fault) => faults.push(fault), retryAfterMs: [3_600_000] });
    await notice.send(advice('lost'));
    await vi.waitFor(() => expect(bodies).toHaveLength(1), PATIENCE);
    await notice.close(0);
    expect(faults).toEqual(['the actuator stopped before the webhook accepted a message']);
  });

  it('drops the newest when a hundred wait, and says so', async () => {
    const { url } = await receiver(500);
    const faults: string[] = [];
    const notice = createWebhookNotice({ url, onFault: (fault) => faults.push(fault), retryAfterMs: [3_600_000] });
    for (let count = 0; count < 101; count++) await notice.send(advice('x'));
    expect(faults).toEqual(['the webhook is too slow: Tidemark dropped a message']);
    await notice.close(0);
  });
});
