import { once } from 'node:events';
import { connect } from 'node:net';
import type { Context } from 'hono';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { Admission } from '../../src/web/admission.ts';
import { createApi } from '../../src/web/api.ts';
import type { EventHubOptions } from '../../src/web/events/event-hub.ts';
import { createLive } from '../../src/web/events/live.ts';
import { serveHttp } from '../../src/web/http-server.ts';
import { readPageFiles } from '../../src/web/page-files.ts';
import type { DynoView } from '../../src/web/views.ts';
import { PATIENCE } from '../patience.ts';
import { actuator, attempt, decision, view } from './actuator.ts';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

const NO_HEARTBEAT = { heartbeatMs: 3_600_000 };

/** The API on a real server, over dynos that the test changes. */
async function served(options: Partial<EventHubOptions> = NO_HEARTBEAT, tokens: Partial<Admission> = {}) {
  const world = { dynos: [view] as DynoView[] };
  const control = { ...actuator().control, dynosInParts: () => [world.dynos] };
  const live = createLive(control, options);
  const here = { publicUrl: null, remoteAddress: () => '127.0.0.1' };
  const admission = { adminToken: null, readToken: null, startToken: 'start', ...here, ...tokens };
  const server = await serveHttp(createApi({ control, admission, page: readPageFiles(null), events: live.answer }), 0);
  cleanups.push(() => server.close());
  cleanups.push(() => live.close());
  return { world, live, port: server.port, url: `http://127.0.0.1:${server.port}/api/events` };
}

interface Received {
  readonly id: string;
  readonly event: string;
  readonly data: unknown;
}

/** Reads a stream as a browser does, until it is stopped. */
async function watch(url: string, lastEventId: string | null = null, token = '') {
  const stopped = new AbortController();
  cleanups.push(() => stopped.abort());
  const authorization = { authorization: `Bearer ${token}` };
  const headers = lastEventId === null ? authorization : { ...authorization, 'last-event-id': lastEventId };
  const response = await fetch(url, { headers, signal: stopped.signal });
  const events: Received[] = [];
  let comments = 0;
  const read = async () => {
    let rest = '';
    for await (const chunk of (response.body ?? new ReadableStream()).pipeThrough(new TextDecoderStream())) {
      const blocks = (rest + chunk).split('\n\n');
      rest = blocks.pop() ?? '';
      for (const block of blocks) {
        const field = (name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(block)?.[1] ?? '';
        if (block.startsWith(':')) comments += 1;
        else if (block.includes('data: '))
          events.push({ id: field('id'), event: field('event'), data: JSON.parse(field('data')) });
      }
    }
  };
  const ended = read().catch(() => undefined);
  return { response, events, comments: () => comments, ended, stop: () => stopped.abort() };
}

const changedTo = (usageBytes: number, changes: Partial<DynoView> = {}): DynoView => ({
  ...view,
  ...changes,
  decision: { ...view.decision, usageBytes },
});

describe('the stream of events', () => {
  it('says of dynos only what changed, a new boot whole, and which are gone', async () => {
    const { world, live, url } = await served();
    const reader = await watch(url);
    expect(reader.response.headers.get('content-type')).toContain('text/event-stream');
    await live.onTick();
    world.dynos = [changedTo(460)];
    await live.onTick();
    world.dynos = [{ ...changedTo(460), decision: { ...view.decision, usageBytes: 460, bootId: 'boot-2' } }];
    await live.onTick();
    world.dynos = [];
    await live.onTick();
    await vi.waitFor(() => expect(reader.events).toHaveLength(3), PATIENCE);
    const identity = { app: 'shop', dyno: 'worker.1', process_type: 'worker' };
    expect(reader.events.map(({ event, data }) => [event, data])).toEqual([
      ['dynos', { changed: [{ ...identity, boot_id: 'boot-1', usage_bytes: 460, headroom_bytes: 52 }], gone: [] }],
      [
        'dynos',
        {
          changed: [expect.objectContaining({ boot_id: 'boot-2', class: 'bloat', explanation: expect.any(String) })],
          gone: [],
        },
      ],
      ['dynos', { changed: [], gone: [{ app: 'shop', dyno: 'worker.1' }] }],
    ]);
  });

  it('looks at one part of the dynos in a turn of the event loop, when it begins and after each round', async () => {
    let turn = 0;
    const asked: number[] = [];
    const control = {
      ...actuator().control,
      *dynosInParts() {
        for (let part = 0; part < 3; part++) {
          asked.push(turn);
          yield [view];
        }
      },
    };
    const live = createLive(control, NO_HEARTBEAT);
    cleanups.push(() => live.close());
    const nextTurn = () => {
      turn += 1;
      if (asked.length < 6) setImmediate(nextTurn);
    };
    setImmediate(nextTurn);
    const context = { req: { header: () => undefined }, get: () => undefined } as unknown as Context;
    expect((await live.answer(context)).status).toBe(200);
    expect(new Set(asked).size).toBe(3);
    await live.onTick();
    expect(new Set(asked).size).toBe(6);
  });

  it('has decisions, and attempts with all their numbers', async () => {
    const { live, url } = await served();
    const reader = await watch(url);
    await live.onEvent({ type: 'decision', timeMs: 1, decision, outcome: null });
    await live.onEvent({ type: 'attempt', timeMs: 1, attempt, phase: 'closed' });
    await live.onEvent({
      type: 'reclaimed',
      timeMs: 1,
      target: 'shop:worker',
      attemptId: 'a1',
      reclaimedBytes: 300,
      usageBytes: 450,
    });
    await vi.waitFor(() => expect(reader.events).toHaveLength(3), PATIENCE);
    expect(reader.events.map(({ event }) => event)).toEqual(['decision', 'attempt', 'attempt']);
    expect(reader.events[2]?.data).toMatchObject({ id: 'a1', reclaimed_bytes: 300, floor_after_bytes: 150 });
  });

  it('goes on after the last event that a reader has seen', async () => {
    const { world, live, url } = await served();
    const first = await watch(url);
    world.dynos = [changedTo(451)];
    await live.onTick();
    await vi.waitFor(() => expect(first.events).toHaveLength(1), PATIENCE);
    first.stop();
    await first.ended;
    world.dynos = [changedTo(452)];
    await live.onTick();
    const again = await watch(url, first.events[0]?.id ?? '');
    await vi.waitFor(() => expect(again.events).toHaveLength(1), PATIENCE);
    expect(again.events[0]?.data).toMatchObject({ changed: [{ usage_bytes: 452 }] });
  });

  it.each([
    ['of another actuator, or of one that has started again', '0badc0de:1'],
    ['that is no id', 'x'],
    ['that is still to come', 'HUB:99'],
  ])('begins with a reset for an id %s', async (_, id) => {
    const { world, live, url } = await served();
    const first = await watch(url);
    world.dynos = [changedTo(451)];
    await live.onTick();
    await vi.waitFor(() => expect(first.events).toHaveLength(1), PATIENCE);
    const [hub = ''] = first.events[0]?.id.split(':') ?? [];
    const again = await watch(url, id.replace('HUB', hub));
    await vi.waitFor(() => expect(again.events.map(({ event }) => event)).toEqual(['reset']), PATIENCE);
  });

  it('begins with a reset for a reader that was away for longer than events are kept', async () => {
    const { world, live, url } = await served({ ...NO_HEARTBEAT, maxKeptBytes: 300 });
    const first = await watch(url);
    for (const usage of [451, 452, 453, 454]) {
      world.dynos = [changedTo(usage)];
      await live.onTick();
    }
    await vi.waitFor(() => expect(first.events).toHaveLength(4), PATIENCE);
    const again = await watch(url, first.events[0]?.id ?? '');
    await vi.waitFor(() => expect(again.events.map(({ event }) => event)).toEqual(['reset']), PATIENCE);
  });

  it('keeps nothing once nobody has watched for a while', async () => {
    const { world, live, url } = await served({ ...NO_HEARTBEAT, lingerMs: 0 });
    const first = await watch(url);
    world.dynos = [changedTo(451)];
    await live.onTick();
    await vi.waitFor(() => expect(first.events).toHaveLength(1), PATIENCE);
    first.stop();
    await first.ended;
    await vi.waitFor(async () => {
      const again = await watch(url, first.events[0]?.id ?? '');
      world.dynos = [changedTo(Date.now())];
      await live.onTick();
      await vi.waitFor(() => expect(again.events).not.toHaveLength(0), PATIENCE);
      again.stop();
      await again.ended;
      expect(again.events[0]?.event).toBe('reset');
    }, PATIENCE);
  });

  it('is refused beyond the number of streams that may be open, with a sentence', async () => {
    const { url } = await served({ ...NO_HEARTBEAT, maxStreams: 1 });
    const first = await watch(url);
    const second = await fetch(url);
    expect(second.status).toBe(503);
    expect(await second.json()).toMatchObject({ error: { code: 'too-many-streams' } });
    first.stop();
    await vi.waitFor(async () => expect((await watch(url)).response.status).toBe(200), PATIENCE);
  });

  it('is refused to a token that only reads while it has its part of the streams, not to the admin token', async () => {
    const { url } = await served(
      { ...NO_HEARTBEAT, maxReadOnlyStreams: 2 },
      { adminToken: 'admin', readToken: 'look' },
    );
    const statusFor = async (token: string) => (await watch(url, null, token)).response.status;
    expect(await statusFor('look')).toBe(200);
    expect(await statusFor('look')).toBe(200);
    expect(await statusFor('look')).toBe(503);
    expect(await statusFor('admin')).toBe(200);
  });

  it('shows a reader that it is alive', async () => {
    const { url } = await served({ heartbeatMs: 5 });
    const reader = await watch(url);
    await vi.waitFor(() => expect(reader.comments()).toBeGreaterThan(1), PATIENCE);
  });

  it('cuts a reader off that does not read, and no other', async () => {
    const { world, live, port, url } = await served({ ...NO_HEARTBEAT, maxWaitingBytes: 64 * 1024 });
    const reader = await watch(url);
    const slow = connect(port, '127.0.0.1');
    slow.on('error', () => {});
    cleanups.push(() => slow.destroy());
    slow.write('GET /api/events HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n');
    await once(slow, 'readable');
    const closed = once(slow, 'close');
    // It has never read: what the sockets of both sides hold fills up, and then what the hub lets wait.
    const explanation = 'x'.repeat(50_000);
    let sent = 0;
    const tell = setInterval(() => {
      sent += 1;
      world.dynos = [
        { ...changedTo(sent), decision: { ...view.decision, usageBytes: sent, explanation: explanation + sent } },
      ];
      void live.onTick();
    }, 1);
    cleanups.push(() => clearInterval(tell));
    await vi.waitFor(() => expect(reader.events.length).toBeGreaterThan(500), { timeout: 20_000 });
    clearInterval(tell);
    // A paused socket notices its end only when it reads again.
    slow.resume();
    await closed;
    world.dynos = [changedTo(7)];
    await live.onTick();
    await vi.waitFor(
      () => expect(reader.events.at(-1)?.data).toMatchObject({ changed: [{ usage_bytes: 7 }] }),
      PATIENCE,
    );
  }, 30_000);

  it('ends when the actuator stops', async () => {
    const { live, url } = await served();
    const reader = await watch(url);
    live.close();
    await reader.ended;
    expect(reader.response.status).toBe(200);
  });
});
