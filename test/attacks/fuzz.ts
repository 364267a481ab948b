import { setImmediate as nextTurn } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { BootRegistry } from '../../src/actuator/boot-registry.ts';
import { readBody, restartAnswer } from '../../src/adapters/heroku/answers.ts';
import { parseDynos, parseFormation, parseQuotas } from '../../src/adapters/heroku/resources.ts';
import { eventOf } from '../../src/adapters/redis/journal/journal-record.ts';
import { parseAttempt, parseFloors, parseHistory, parseRead } from '../../src/adapters/redis/ledger/ledger-record.ts';
import { defaultPolicy } from '../../src/config/policy.ts';
import { readSnapshot, writeSnapshot } from '../../src/detector/boot/snapshot.ts';
import { TidemarkError } from '../../src/model/errors.ts';
import { readHerokuLog } from '../../src/replay/heroku-log.ts';
import { METRIC_MAP } from '../../src/settings/metric-map.ts';
import { BodiesInFlight } from '../../src/sources/bodies-in-flight.ts';
import { DecodeQueue } from '../../src/sources/decode-queue.ts';
import { Intake } from '../../src/sources/intake.ts';
import { DECODE_LIMITS, FLIGHT_LIMITS } from '../../src/sources/limits.ts';
import { createLogplexSource } from '../../src/sources/logplex/logplex-http.ts';
import { createOtlpSource } from '../../src/sources/otlp/otlp-http.ts';
import { framed, sample, syslog } from '../sources/logplex/drain-requests.ts';
import { encodeJson, encodeProtobuf } from '../sources/otlp/senders/otlp-encoder.ts';
import { T0, WHOLE, WHOLE_POINT } from '../sources/otlp/senders/requests.ts';

/**
 * Feeds mutated inputs to everything that reads what others write: requests of the ingest, records in Redis, answers of
 * the platform. The same seed makes the same inputs.
 */

export interface FuzzResult {
  /** How often each status was answered by the ingest. */
  readonly statuses: Readonly<Record<number, number>>;
  /** Processor time of one input, which other processes of the machine do not add to. */
  readonly slowestMs: number;
}

/** mulberry32: uniform in [0, 1). */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

type Random = () => number;

const pick = <T>(random: Random, from: readonly T[]): T => from[Math.floor(random() * from.length)] as T;

/** Bytes changed, inserted, removed, repeated or cut off, at some places. */
function mutated(random: Random, whole: Buffer): Buffer<ArrayBuffer> {
  let bytes = Buffer.from(whole);
  for (let changes = 1 + Math.floor(random() * 4); changes > 0; changes--) {
    const at = Math.floor(random() * (bytes.length + 1));
    const length = Math.floor(random() ** 3 * 64);
    const rest = bytes.subarray(at + length);
    const noise = Buffer.from(Array.from({ length: Math.min(length, 8) }, () => Math.floor(random() * 256)));
    const piece = bytes.subarray(at, at + length);
    const before = bytes.subarray(0, at);
    bytes = Buffer.concat(
      pick(random, [
        [before, rest],
        [before, noise, bytes.subarray(at)],
        [before, noise, rest],
        [before, piece, piece, piece, rest],
        [before],
      ]),
    );
  }
  return bytes;
}

const TYPES = ['application/x-protobuf', 'application/json', 'text/plain', ''];
const ENCODINGS = ['gzip', 'identity', '', 'br', 'gzip, gzip'];
const METHODS = ['POST', 'POST', 'POST', 'POST', 'GET', 'PUT'];
const PROTOBUF = encodeProtobuf([WHOLE, WHOLE]);
const JSON_TEXT = Buffer.from(encodeJson([WHOLE]));

const LOG = Buffer.from(
  framed(
    syslog('heroku worker.1', sample('79.40')),
    syslog('app worker.1', 'a line of the app'),
    syslog('heroku worker.1', 'Error R14 (Memory quota exceeded)'),
    syslog('app api', 'Release v12 created by user dev@example.com'),
    syslog('heroku worker.1', 'State changed from up to starting'),
  ),
);

function createIngest() {
  const registry = new BootRegistry(defaultPolicy(), 100 * 10 * 1024);
  const intake = new Intake({
    maxPointAgeMs: 60_000,
    clock: { now: () => T0 },
    hasRoomFor: (boot, sender) => registry.hasRoomFor(boot, sender, T0),
    accept: (points) => registry.accept(points),
  });
  const otlp = createOtlpSource({ tokens: [{ app: 'shop', token: 'good' }], intake, ready: () => true });
  const logs = createLogplexSource({
    tokens: [{ app: 'shop', token: 'good' }],
    intake,
    ready: () => true,
    inFlight: new BodiesInFlight(FLIGHT_LIMITS),
    queue: new DecodeQueue(DECODE_LIMITS),
    onQuotaErrors: () => undefined,
    onRefused: () => undefined,
  });
  const sendLog = async (random: Random): Promise<number> => {
    const headers = { 'content-type': 'application/logplex-1', authorization: 'Bearer good' };
    const body = mutated(random, LOG);
    const request = new Request('http://127.0.0.1/v1/logplex', { method: 'POST', headers, body });
    return (await logs.handle(request, null, '127.0.0.1')).status;
  };
  return async (random: Random): Promise<number> => {
    if (random() < 0.2) return sendLog(random);
    const isMostlyRight = random() < 0.8;
    const isJson = random() < 0.5;
    const plain = mutated(random, isJson ? JSON_TEXT : PROTOBUF);
    const isGzip = random() < 0.3;
    const body = isGzip ? mutatedSometimes(random, gzipSync(plain, { level: 1 })) : plain;
    const headers = isMostlyRight
      ? { 'content-type': TYPES[isJson ? 1 : 0] ?? '', ...(isGzip ? { 'content-encoding': 'gzip' } : {}) }
      : { 'content-type': pick(random, TYPES), 'content-encoding': pick(random, ENCODINGS) };
    const authorization = random() < 0.95 ? 'Bearer good' : 'Bearer bad';
    const method = isMostlyRight ? 'POST' : pick(random, METHODS);
    const request = new Request('http://127.0.0.1/v1/metrics', {
      method,
      headers: { ...headers, authorization },
      ...(method === 'GET' ? {} : { body }),
    });
    const response = await otlp.handle(request, '127.0.0.1');
    await response.arrayBuffer();
    return response.status;
  };
}

function mutatedSometimes(random: Random, bytes: Buffer): Buffer<ArrayBuffer> {
  return random() < 0.5 ? mutated(random, bytes) : Buffer.from(bytes);
}

const registry = new BootRegistry(defaultPolicy());
registry.accept([WHOLE_POINT]);
const SNAPSHOT = Buffer.from(
  registry.entries().map(({ boot }) => writeSnapshot({ boot, pointsId: '1-0', place: null }))[0] ?? '{}',
);
const RECORD = Buffer.from(
  JSON.stringify({
    nowMs: T0,
    open: false,
    history: '[]',
    dryHistory: '[]',
    floors: '[]',
    cooldownUntilMs: 0,
    spent: {},
  }),
);
const ANSWER = Buffer.from(
  JSON.stringify([
    { id: 'a', name: 'worker.1', type: 'worker', state: 'up', size: 'Basic', created_at: '2026-01-01T00:00:00Z' },
  ]),
);
const REFUSAL = Buffer.from(JSON.stringify({ id: 'forbidden', message: 'No.', resource: 'app' }));

/** Readers of texts, each with one that it can read. They answer, or throw an error of Tidemark's. */
const READERS: readonly (readonly [Buffer, (text: string) => unknown])[] = [
  [SNAPSHOT, (text) => readSnapshot(text, T0)],
  [RECORD, parseRead],
  [RECORD, parseAttempt],
  [Buffer.from('[]'), parseHistory],
  [Buffer.from('[]'), parseFloors],
  [Buffer.from('{"type":"reclaimed"}'), eventOf],
  [ANSWER, (text) => [parseDynos, parseFormation, parseQuotas].map((parse) => orFault(() => parse(jsonOf(text), 'x')))],
  [REFUSAL, (text) => restartAnswer({ kind: 'answered', status: 403, headers: {}, body: jsonOf(text) }, T0)],
  [LOG, (text) => readHerokuLog(text, 'f')],
  [Buffer.from('process,usage=a.b,dyno=host.name'), (text) => METRIC_MAP.parse(text)],
  [REFUSAL, (text) => readBody({ kind: 'answered', status: 403, headers: {}, body: jsonOf(text) }, 'x', T0)],
];

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function orFault(read: () => unknown): void {
  try {
    read();
  } catch (error) {
    if (!(error instanceof TidemarkError)) throw error;
  }
}

export async function fuzz({ inputs, seed }: { readonly inputs: number; readonly seed: number }): Promise<FuzzResult> {
  const random = randomFrom(seed);
  const send = createIngest();
  const statuses: Record<number, number> = {};
  let slowestMs = 0;
  for (let input = 0; input < inputs; input++) {
    // As between requests: what the garbage collector found of native objects is freed in a turn of the event loop.
    await nextTurn();
    const before = process.cpuUsage();
    if (random() < 0.7) {
      const status = await send(random);
      statuses[status] = (statuses[status] ?? 0) + 1;
    } else {
      const [whole, read] = pick(random, READERS);
      const text = mutated(random, whole).toString('utf8');
      orFault(() => read(text));
    }
    const { user, system } = process.cpuUsage(before);
    slowestMs = Math.max(slowestMs, (user + system) / 1000);
  }
  return { statuses, slowestMs };
}
