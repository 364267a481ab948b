import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { APP, RunningActuator } from '../integration/actuator/running-actuator.ts';
import { redisDatabase } from '../redis-databases.ts';
import { readAnswer } from '../sources/otlp/senders/otlp-answer-reader.ts';
import { emptyResources, manyBoots, manyShapes, manyTimes, repeatedField, wideName } from './hostile-bodies.ts';

/*
 * One actuator on a small heap takes all of them, one after the other. It must stay up, and serve the dyno of another
 * app: a process that ran out of memory fails every test after it.
 */

const MIB = 1024 ** 2;
const FLOOD = 'flood-t0ken';
const PATIENCE = { timeout: 30_000, interval: 100 };

let actuator: RunningActuator;

beforeAll(async () => {
  actuator = await RunningActuator.start({
    NODE_OPTIONS: '--max-old-space-size=256',
    REDIS_URL: redisDatabase('hostile measurements'),
    TIDEMARK_WINDOW: '10s',
    TIDEMARK_MAX_POINT_AGE: '10m',
    TIDEMARK_DRY_RUN: 'true',
    TIDEMARK_INGEST_TOKENS: `${APP}=ingest-t0ken,flood=${FLOOD},flood-*=${FLOOD}`,
  });
  await vi.waitFor(async () => expect(await sendOfShop()).toBe(200), PATIENCE);
});

afterAll(() => actuator.kill());

function sendOfShop(): Promise<number> {
  return actuator.send({ name: 'worker.1', id: 'real' }, [{ timeMs: Date.now(), usageMb: 100 }]);
}

/** What the flood gets; its connection may be cut off before it is answered. */
async function flood(body: Uint8Array<ArrayBuffer>, type = 'application/x-protobuf', isGzip = true) {
  const response = await fetch(`${actuator.url}/v1/metrics`, {
    method: 'POST',
    headers: {
      'content-type': type,
      authorization: `Bearer ${FLOOD}`,
      ...(isGzip ? { 'content-encoding': 'gzip' } : {}),
    },
    body: isGzip ? gzipSync(body, { level: 1 }) : body,
  });
  return { status: response.status, answer: await readAnswer(response) };
}

const floodJson = (text: string) => flood(Buffer.from(text), 'application/json');

const MILLIONS_OF_RESOURCES = gzipSync(repeatedField(1, 15.6e6), { level: 1 });

/** The same gzip with another length in its trailer. */
function withLength(gzip: Buffer<ArrayBuffer>, length: number): Buffer<ArrayBuffer> {
  const body = Buffer.from(gzip);
  body.writeUInt32LE(length, body.length - 4);
  return body;
}

/** 40 senders send this again and again, until the other app has sent ten times. */
async function floodFromMany(body: Uint8Array<ArrayBuffer>) {
  const headers = {
    'content-type': 'application/x-protobuf',
    'content-encoding': 'gzip',
    authorization: `Bearer ${FLOOD}`,
  };
  let isOver = false;
  let flooded = 0;
  const statuses = new Set<number>();
  const senders = Array.from({ length: 40 }, async () => {
    while (!isOver) {
      const response = await fetch(`${actuator.url}/v1/metrics`, { method: 'POST', headers, body });
      await response.arrayBuffer();
      statuses.add(response.status);
      flooded++;
    }
  });
  await vi.waitFor(() => expect(flooded).toBeGreaterThan(10), PATIENCE);
  const floodedBefore = flooded;
  for (let taken = 0; taken < 10; taken++) expect(await sendOfShop()).toBe(200);
  const floodedMeanwhile = flooded - floodedBefore;
  isOver = true;
  await Promise.all(senders);
  return { statuses, floodedMeanwhile };
}

/** The app that was not attacked: its points are taken, and its dyno is judged. */
async function expectShopServed(): Promise<void> {
  expect(await sendOfShop()).toBe(200);
  await vi.waitFor(async () => {
    expect(await actuator.get(`/api/dynos/${APP}/worker.1`)).toMatchObject({ dyno: 'worker.1', boot_id: 'real' });
  }, PATIENCE);
}

function residentMb(): number {
  const [, kb] = /^VmHWM:\s+(\d+)/m.exec(readFileSync(`/proc/${actuator.pid}/status`, 'utf8')) ?? [];
  return Number(kb) / 1024;
}

describe('an actuator on a heap of 256 MiB stands', { timeout: 120_000 }, () => {
  it.each([
    ['empty resources that gzip makes 64 kB of', 63 * MIB],
    ['as many empty resources as the limit in bytes lets through', 3.9 * MIB],
  ])('JSON of %s', async (_, bytes) => {
    expect((await floodJson(emptyResources(bytes))).status).toBe(413);
    await expectShopServed();
  });

  it('JSON of objects each of another shape', async () => {
    expect((await floodJson(manyShapes(3.9 * MIB))).status).toBe(413);
    expect((await floodJson(manyShapes(1 * MIB))).status).toBe(200);
    await expectShopServed();
  });

  it('3 million times of one dyno, and as many as the limit in bytes lets through', async () => {
    expect((await flood(manyTimes('flood', 3_000_000, Date.now()))).status).toBe(413);
    const { status, answer } = await flood(manyTimes('flood', 700_000, Date.now()));
    expect(status).toBe(200);
    expect(answer.message).toContain('beyond what one request may contain');
    expect(answer.rejectedDataPoints).toBeGreaterThan(600_000);
    await expectShopServed();
  });

  it('300,000 boots in one request, and request after request of new ones', async () => {
    const boots = (count: number, round: number) =>
      manyBoots(count, Date.now(), (index) => ({
        app: 'flood',
        dyno: `worker.${index}`,
        bootId: `boot-${round}-${index}`,
      }));
    expect((await flood(boots(300_000, 0))).status).toBe(413);
    let rejected = 0;
    for (let round = 1; round <= 10; round++) {
      const { status, answer } = await flood(boots(20_000, round));
      expect(status).toBe(200);
      rejected += answer.rejectedDataPoints;
    }
    expect(rejected).toBeGreaterThan(190_000);
    await expectShopServed();
  });

  it('boots of 100,000 apps that a wildcard covers', async () => {
    let rejected = 0;
    for (let round = 0; round < 10; round++) {
      const boots = manyBoots(10_000, Date.now(), (index) => ({
        app: `flood-${round}-${index}`,
        dyno: 'worker.1',
        bootId: 'boot',
      }));
      rejected += (await flood(boots)).answer.rejectedDataPoints;
    }
    expect(rejected).toBeGreaterThan(90_000);
    await expectShopServed();
  });

  it('boots without end under one name', async () => {
    for (let round = 0; round < 5; round++) {
      const boots = manyBoots(20_000, Date.now(), (index) => ({
        app: 'flood-name',
        dyno: 'worker.1',
        bootId: `boot-${round}-${index}`,
      }));
      expect((await flood(boots)).status).toBe(200);
    }
    await expectShopServed();
  });

  it.each([120, 250])('20,000 processes each of seven apps, with names of %i bytes', async (bytes) => {
    for (let round = 0; round < 14; round++) {
      const processes = manyBoots(10_000, Date.now(), (index) => ({
        app: wideName(`flood-${round >> 1}-${bytes}`, bytes),
        dyno: wideName('worker.1', bytes),
        bootId: wideName('boot', bytes),
        processId: wideName(`${round}-${index}-`, bytes),
      }));
      expect((await flood(processes)).status).toBe(200);
    }
    await expectShopServed();
  });

  it('60 bodies that are announced, begun and never ended', async () => {
    const { port } = new URL(actuator.url);
    const headers = `Host: x\r\nAuthorization: Bearer ${FLOOD}\r\nContent-Type: application/x-protobuf\r\n`;
    const begin = `POST /v1/metrics HTTP/1.1\r\n${headers}`;
    const answers: string[] = [];
    const sockets = Array.from({ length: 60 }, () => {
      const socket = connect(Number(port), '127.0.0.1');
      socket.on('data', (data: Buffer) => answers.push(data.toString('latin1')));
      socket.on('error', () => undefined);
      socket.write(`${begin}Content-Length: ${7 * MIB}\r\n\r\n`);
      socket.write(Buffer.alloc(6 * MIB));
      return socket;
    });
    await vi.waitFor(() => expect(answers.length).toBeGreaterThan(50), PATIENCE);
    for (const answer of answers) expect(answer).toMatch(/^HTTP\/1.1 503 [\s\S]*retry-after: 5/i);
    await expectShopServed();
    for (const socket of sockets) socket.destroy();
    await vi.waitFor(async () => expect((await flood(Buffer.alloc(0))).status).toBe(200), PATIENCE);
  });

  it.each([
    ['says its length', MILLIONS_OF_RESOURCES],
    ['says that it is short', withLength(MILLIONS_OF_RESOURCES, 1)],
  ])(
    'gzip from 40 senders at once that is too long and %s, and takes what another app sends meanwhile',
    async (_, body) => {
      const { statuses, floodedMeanwhile } = await floodFromMany(body);
      // Of 40 that wait each time, few are served before the other app's.
      expect(floodedMeanwhile).toBeLessThan(200);
      expect([...statuses].filter((status) => status !== 413 && status !== 503)).toEqual([]);
      await expectShopServed();
    },
  );

  it('with all of that in the memory of a dyno', () => {
    expect(residentMb()).toBeLessThan(512);
  });
});
