import { createSocket } from 'node:dgram';
import { type LookupOptions, Resolver } from 'node:dns';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo, LookupFunction } from 'node:net';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { type Dns, HostLookup } from '../../../src/instrument/export/otlp/host-lookup.ts';
import { OtlpPost } from '../../../src/instrument/export/otlp/otlp-post.ts';
import { otlpProblem } from '../../../src/instrument/export/otlp/otlp-problem.ts';

const undo: (() => void)[] = [];
afterEach(() => {
  for (const one of undo.splice(0)) one();
});

type Code = 'ETIMEOUT' | 'ENOTFOUND' | 'ENODATA' | null;

const known: LookupFunction = (_host, _options, found) => found(null, '127.0.0.1', 4);
const unknown: LookupFunction = (_host, _options, found) =>
  found(Object.assign(new Error('getaddrinfo EAI_AGAIN'), { code: 'EAI_AGAIN' }), []);
const WAITS: LookupFunction = () => {};

/** Hosts as looked up where the name server answers with these codes, in turn (the last one from then on). */
function hosts(
  codes: readonly Code[],
  system: LookupFunction,
  waitedMs: () => number = performance.now,
  hostsFile = '127.0.0.1 localhost',
) {
  const left = [...codes];
  const lookup = vi.fn<LookupFunction>(system);
  const resolve4 = vi.fn((_host: string, answered: (error: { code: string } | null) => void) => {
    const code = left.length > 1 ? left.shift() : left[0];
    answered(code ? { code } : null);
  });
  class Asked {
    readonly resolve4 = resolve4;
    cancel(): void {}
  }
  const dns = { lookup, Resolver: Asked } as unknown as Dns;
  const looked = new HostLookup({ dns, waitedMs, hostsFile: async () => hostsFile });
  const find = (options: LookupOptions = {}) =>
    new Promise<string>((resolve) =>
      looked.lookup('collector.example', options, (error, found) =>
        resolve(error?.code ?? (typeof found === 'string' ? found : found.map(({ address }) => address).join())),
      ),
    );
  return { looked, find, lookup, resolve4 };
}

/** The event loop has waited for seconds each time somebody looks. */
function waiting(): () => number {
  let ms = 0;
  return () => {
    ms += 3000;
    return ms;
  };
}

describe('the host of a receiver', () => {
  it.each<Code>([null, 'ENOTFOUND', 'ENODATA'])(
    'is what the system knows, whatever the name server answers: %s',
    async (code) => {
      const { find, lookup } = hosts([code], known, waiting());
      expect(await find()).toBe('127.0.0.1');
      expect(lookup).toHaveBeenCalledTimes(1);
    },
  );

  it.each(['localhost', 'localhost.', 'LOCALHOST'])('is not asked of the name server if it is %s', async (host) => {
    const { looked, lookup, resolve4 } = hosts(['ETIMEOUT'], known, waiting());
    const found = await new Promise((resolve) => looked.lookup(host, {}, (_, address) => resolve(address)));
    expect(found).toBe('127.0.0.1');
    expect(resolve4).not.toHaveBeenCalled();
    // The system's resolver does not find it with the dot.
    expect(lookup.mock.calls.map(([asked]) => asked)).toEqual(['localhost']);
  });

  it('is not asked of the system while the name server is silent', async () => {
    const { find, lookup } = hosts([null, 'ETIMEOUT', 'ETIMEOUT', null], known, waiting());
    expect([await find(), await find(), await find(), await find()]).toEqual([
      '127.0.0.1',
      'ETIMEOUT',
      'ETIMEOUT',
      '127.0.0.1',
    ]);
    expect(lookup).toHaveBeenCalledTimes(2);
  });

  it('is asked of the system once if no name server has ever answered', async () => {
    const { find, lookup } = hosts(['ETIMEOUT'], unknown, waiting());
    expect([await find(), await find(), await find()]).toEqual(['EAI_AGAIN', 'ETIMEOUT', 'ETIMEOUT']);
    expect(lookup).toHaveBeenCalledTimes(1);
  });

  it('is asked of the system alone, if that knows it without a name server', async () => {
    const { find, lookup, resolve4 } = hosts(['ETIMEOUT'], known, waiting());
    expect([await find(), await find(), await find()]).toEqual(Array(3).fill('127.0.0.1'));
    expect(lookup).toHaveBeenCalledTimes(3);
    expect(resolve4).toHaveBeenCalledTimes(1);
  });

  describe('that /etc/hosts names', () => {
    const HOSTS_FILE =
      '::1 Collector.Example.\n10.0.0.1 other # collector.example\n10.0.0.2\tproxy  collector.example\n';

    it('is found there while the name server is silent, also after it has answered', async () => {
      const { find, lookup, resolve4 } = hosts([null, 'ETIMEOUT'], known, waiting(), HOSTS_FILE);
      expect([
        await find(),
        await find({ family: 4 }),
        await find({ family: 'IPv6' }),
        await find({ all: true }),
      ]).toEqual(['127.0.0.1', '10.0.0.2', '::1', '::1,10.0.0.2']);
      expect(lookup).toHaveBeenCalledTimes(1);
      expect(resolve4).toHaveBeenCalledTimes(2);
    });

    it('is asked of the name server again if the file names no address of the family', async () => {
      const { find, resolve4 } = hosts(['ETIMEOUT', null], known, waiting(), '10.0.0.2 collector.example');
      expect([await find(), await find({ family: 6 })]).toEqual(['10.0.0.2', '127.0.0.1']);
      expect(resolve4).toHaveBeenCalledTimes(2);
    });
  });

  it('is asked of the system if jobs blocked the event loop, for an answer may be unread', async () => {
    const { find, lookup } = hosts([null, 'ETIMEOUT'], known, () => 0);
    expect([await find(), await find(), await find()]).toEqual(Array(3).fill('127.0.0.1'));
    expect(lookup).toHaveBeenCalledTimes(3);
  });

  it('is being looked up until the system answers', async () => {
    const { looked } = hosts([null], WAITS, waiting());
    expect(looked.isWaiting).toBe(false);
    looked.lookup('collector.example', {}, () => {});
    expect(looked.isWaiting).toBe(true);
  });
});

/** The DNS of a system whose name server takes questions and never answers. */
async function silentDns(lookup: LookupFunction): Promise<{ readonly dns: Dns; readonly asked: Promise<unknown> }> {
  const server = createSocket('udp4').bind(0, '127.0.0.1');
  await once(server, 'listening');
  undo.push(() => server.close());
  const { port } = server.address();
  class Silent extends Resolver {
    constructor(options: ConstructorParameters<typeof Resolver>[0]) {
      super(options);
      this.setServers([`127.0.0.1:${port}`]);
    }
  }
  return { dns: { lookup, Resolver: Silent }, asked: once(server, 'message') };
}

const BODY = new TextEncoder().encode('{"resourceMetrics":[]}');

function postTo(url: string, hosts: HostLookup, timeoutMs = 60_000): OtlpPost {
  const post = new OtlpPost({ url, headers: () => ({}), compression: 'none', timeoutMs, env: {}, hosts });
  undo.push(() => post.close());
  return post;
}

function lineOf(error: unknown): string {
  const url = new URL('http://collector.example:4318/v1/metrics');
  return otlpProblem(error, { subject: 'my-app worker.1', url, intervalMs: 10_000, env: {} }).sentence;
}

const LINE =
  'my-app worker.1 is not reported: the name server does not answer for the host of http://collector.example:4318. ' +
  'Tidemark keeps trying.';

describe('a post to a receiver', () => {
  it('finds its host', async () => {
    const server = createServer((request, response) => {
      request.resume();
      response.end('{}');
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    undo.push(() => {
      server.closeAllConnections();
      server.close();
    });
    const post = postTo(`http://localhost:${(server.address() as AddressInfo).port}/`, new HostLookup());
    expect((await post.post(BODY)).toString()).toBe('{}');
  });

  it('whose name server is silent ends when the process may, without the system having been asked', async () => {
    const lookup = vi.fn<LookupFunction>(WAITS);
    const { dns, asked } = await silentDns(lookup);
    const post = postTo('http://collector.example:4318/', new HostLookup({ dns }));
    const failure = post.post(BODY).catch((error: unknown) => error);
    await asked;
    post.letGo();
    const error = await failure;
    expect(error).toMatchObject({ name: 'PostError', isRetryable: true });
    expect(lineOf(error)).toBe(LINE);
    expect(lookup).not.toHaveBeenCalled();
  });

  it('names the name server if its time is over before one has answered', async () => {
    const { dns } = await silentDns(WAITS);
    const post = postTo('http://collector.example:4318/', new HostLookup({ dns }), 50);
    expect(lineOf(await post.post(BODY).catch((error: unknown) => error))).toBe(LINE);
  });
});
