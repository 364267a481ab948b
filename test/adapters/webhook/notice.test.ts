import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { createWebhookNotice } from '../../../src/adapters/webhook/notice.ts';
import type { ActuatorEvent } from '../../../src/ports.ts';
import { aDecision } from '../../models/decisions.ts';

const servers: Server[] = [];

/** A receiver that answers with the statuses given, the last one for ever, and keeps what it got. */
async function receiver(...statuses: readonly number[]) {
  const bodies: { text: string }[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      bodies.push(JSON.parse(Buffer.concat(chunks).toString('utf8')));
      response.writeHead(statuses[Math.min(bodies.length, statuses.length) - 1] ?? 200).end();
    });
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/secret-path`, bodies };
}

afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

function advice(explanation: string): ActuatorEvent {
  const decision = aDecision({ action: 'advise', reason: 'nothing-to-reclaim', explanation });
  return { type: 'decision', timeMs: 1, decision, outcome: null };
}

describe('the webhook', () => {
  it('tells of advice, with its sentence', async () => {
    const { url, bodies } = await receiver(200);
    await createWebhookNotice({ url, onFault: expect.unreachable }).send(advice('a bigger dyno is needed'));
    await vi.waitFor(() => expect(bodies).toHaveLength(1));
    expect(bodies[0]?.text).toBe('shop worker.1: advice (nothing-to-reclaim). a bigger dyno is needed');
  });

  it('keeps silent about decisions to do nothing', async () => {
    const { url, bodies } = await receiver(200);
    const notice = createWebhookNotice({ url, onFault: expect.unreachable });
    await notice.send({ type: 'decision', timeMs: 1, decision: aDecision(), outcome: null });
    await notice.send(advice('last'));
    await vi.waitFor(() => expect(bodies).toHaveLength(1));
    expect(bodies[0]?.text).toContain('last');
  });

  it('tries again until it is taken, in order', async () => {
    const { url, bodies } = await receiver(500, 429, 200);
    const notice = createWebhookNotice({ url, onFault: expect.unreachable, retryAfterMs: [1, 1, 1] });
    await notice.send(advice('first'));
    await notice.send(advice('second'));
    await vi.waitFor(() => expect(bodies).toHaveLength(4));
    expect(bodies.map(({ text }) => text.split('. ')[1])).toEqual(['first', 'first', 'first', 'second']);
  });

  it('says that it gave up, without the URL, and goes on with the next message', async () => {
    const { url, bodies } = await receiver(500, 500, 200);
    const faults: string[] = [];
    const notice = createWebhookNotice({ url, onFault: (fault) => faults.push(fault), retryAfterMs: [1] });
    await notice.send(advice('lost'));
    await notice.send(advice('kept'));
    await vi.waitFor(() => expect(bodies).toHaveLength(3));
    expect(faults).toEqual(['the webhook took no message in 2 tries: status 500']);
  });
});
