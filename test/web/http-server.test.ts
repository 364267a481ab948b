import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { Hono } from 'hono';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { serveHttp } from '../../src/web/http-server.ts';
import { PATIENCE } from '../patience.ts';

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function served(app: Hono, maxConnections: number) {
  const server = await serveHttp(app, 0, { maxConnections });
  cleanups.push(() => server.close());
  const open = async () => {
    const socket = connect(server.port, '127.0.0.1');
    cleanups.push(() => socket.destroy());
    socket.on('error', () => {});
    await once(socket, 'connect');
    return socket;
  };
  return { url: `http://127.0.0.1:${server.port}/`, open };
}

it('connections that are opened and left alone shut nobody out', async () => {
  const { url, open } = await served(
    new Hono().get('/', (context) => context.text('served')),
    10,
  );
  const idle: Socket[] = [];
  for (let index = 0; index < 30; index++) idle.push(await open());
  for (let index = 0; index < 5; index++) {
    idle.push(await open());
    expect(await (await fetch(url, { headers: { connection: 'close' } })).text()).toBe('served');
  }
  await vi.waitFor(() => expect(idle.filter(({ destroyed }) => !destroyed).length).toBeLessThanOrEqual(10), PATIENCE);
});

it('a request that is being answered keeps its connection while others come', async () => {
  const answer = Promise.withResolvers<void>();
  const arrived = Promise.withResolvers<void>();
  const app = new Hono().get('/', async (context) => {
    arrived.resolve();
    await answer.promise;
    return context.text('late');
  });
  const { url, open } = await served(app, 3);
  const response = fetch(url);
  await arrived.promise;
  for (let index = 0; index < 10; index++) await open();
  answer.resolve();
  expect(await (await response).text()).toBe('late');
});

it.each(['a b', 'evil.example/path', 'user@evil.example', 'x:99999999'])(
  'a request whose Host is %j, which is no name of a host, is refused before it is looked at',
  async (host) => {
    const seen = vi.fn();
    const app = new Hono().all('*', (context) => {
      seen();
      return context.text('');
    });
    const { open } = await served(app, 10);
    const socket = await open();
    socket.write(`GET / HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
    const [answer] = (await once(socket, 'data')) as [Buffer];
    expect(answer.toString()).toMatch(/^HTTP\/1.1 400 /);
    expect(seen).not.toHaveBeenCalled();
  },
);

it('closes although a sender never ends its request', async () => {
  const app = new Hono();
  const arrived = Promise.withResolvers<void>();
  app.post('/', async (context) => {
    arrived.resolve();
    return context.text(await context.req.text().catch(() => ''));
  });
  const server = await serveHttp(app, 0);
  const sender = connect(server.port, '127.0.0.1');
  sender.on('error', () => {});
  sender.write('POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nhalf');
  await arrived.promise;
  const closed = once(sender, 'close');
  await server.close();
  await closed;
  expect(sender.destroyed).toBe(true);
});

describe('the pieces of a body', () => {
  const HI = new TextEncoder().encode('hi');
  const app = () => new Hono().post('/', async (context) => context.text(String((await context.req.text()).length)));
  const chunks = (count: number, bytes: number) =>
    `${bytes.toString(16)}\r\n${'x'.repeat(bytes)}\r\n`.repeat(count).concat('0\r\n\r\n');

  async function answerTo(body: string): Promise<string> {
    const { open } = await served(app(), 10);
    const socket = await open();
    let answer = '';
    socket.on('data', (data) => (answer += data));
    socket.write(`POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n${body}`);
    await once(socket, 'close');
    return answer;
  }

  it.each([
    [500, 1],
    [600, 300],
    [20, 60_000],
  ])('may be %i of %i bytes', async (count, bytes) => {
    const answer = await answerTo(chunks(count, bytes));
    expect(answer).toMatch(/^HTTP\/1.1 200 /);
    expect(answer).toContain(`\r\n\r\n${count * bytes}`);
  });

  it.each([
    [20_000, 1],
    [20_000, 100],
  ])('may not be %i of %i bytes: 400, and the connection is closed', async (count, bytes) => {
    expect(await answerTo(chunks(count, bytes))).toMatch(/^HTTP\/1.1 400 Bad Request\r\nConnection: close\r\n\r\n$/);
  });

  it('get no second answer where the first one has begun', async () => {
    const begun = new Hono().post(
      '/',
      () => new Response(new ReadableStream({ start: (stream) => stream.enqueue(HI) })),
    );
    const { open } = await served(begun, 10);
    const socket = await open();
    let answer = '';
    socket.on('data', (data) => (answer += data));
    socket.write('POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n');
    await vi.waitFor(() => expect(answer).toContain('hi'), PATIENCE);
    socket.write(chunks(20_000, 1));
    await once(socket, 'close');
    expect(answer.match(/HTTP\/1.1 \d+/g)).toEqual(['HTTP/1.1 200']);
  });

  it('end a request that is being read, and the server still closes', async () => {
    const broken = Promise.withResolvers<unknown>();
    const reading = new Hono().post('/', async (context) => {
      await context.req.arrayBuffer().catch(broken.resolve);
      return context.text('');
    });
    const { open } = await served(reading, 10);
    const socket = await open();
    socket.write(`POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n${chunks(20_000, 1)}`);
    expect(await broken.promise).toBeInstanceOf(Error);
  });
});

describe('requests that do not wait for the answers to those before them', () => {
  const GET = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n';

  async function sent(requests: string, answer: () => Promise<void>) {
    let asked = 0;
    let answers = '';
    const app = new Hono().get('/', async (context) => {
      asked += 1;
      await answer();
      return context.text('served');
    });
    const { open } = await served(app, 10);
    const socket = await open();
    socket.on('data', (data) => (answers += data));
    socket.write(requests);
    return { socket, asked: () => asked, answered: () => answers.match(/served/g)?.length ?? 0 };
  }

  it('may be some, and many one after the other', async () => {
    const { socket, answered } = await sent(GET.repeat(4), async () => {});
    for (let count = 4; count < 20; count++) {
      await vi.waitFor(() => expect(answered()).toBe(count), PATIENCE);
      socket.write(GET);
    }
    await vi.waitFor(() => expect(answered()).toBe(20), PATIENCE);
  });

  it('may not be a thousand: few of them are looked at, and the connection is closed', async () => {
    const never = Promise.withResolvers<void>();
    const { socket, asked } = await sent(GET.repeat(1000), () => never.promise);
    await once(socket, 'close');
    expect(asked()).toBeLessThan(10);
    never.resolve();
  });
});
