import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import { expect } from 'vitest';
import { defaultPolicy } from '../../../src/config/policy.ts';
import type { Point } from '../../../src/model/point.ts';
import type { ReplaySummary } from '../../../src/replay/replay.ts';
import { METRIC_MAP } from '../../../src/settings/metric-map.ts';
import { BodiesInFlight } from '../../../src/sources/bodies-in-flight.ts';
import { DecodeQueue } from '../../../src/sources/decode-queue.ts';
import { Intake } from '../../../src/sources/intake.ts';
import { DECODE_LIMITS, FLIGHT_LIMITS } from '../../../src/sources/limits.ts';
import type { QuotaError } from '../../../src/sources/logplex/decode-log.ts';
import { createLogplexSource } from '../../../src/sources/logplex/logplex-http.ts';
import { createOtlpSource } from '../../../src/sources/otlp/otlp-http.ts';

export const APP = 'shop';
const WINDOW_MS = 500;

/** The policy under which both ways are compared: a window of half a second, as the runs are. */
export const REPLAY = { policy: { ...defaultPolicy(WINDOW_MS), cooldownMs: 600_000 }, quotaBytes: null };

/** An OTLP request as it came. */
export interface OtlpBody {
  readonly atMs: number;
  readonly type: string;
  readonly base64: string;
}

/** Takes both ways in, apart. */
export function createReceivers(now: () => number = Date.now) {
  const [byOtlp, byLog]: [Point[], Point[]] = [[], []];
  const errors: QuotaError[] = [];
  const clock = { now };
  const intakeOf = (into: Point[]) =>
    new Intake({ maxPointAgeMs: 60_000, clock, accept: (points) => into.push(...points) });
  const room = { inFlight: new BodiesInFlight(FLIGHT_LIMITS), queue: new DecodeQueue(DECODE_LIMITS) };
  const [otlpIntake, logIntake] = [intakeOf(byOtlp), intakeOf(byLog)];
  const parsed = METRIC_MAP.parse('container');
  const metricMap = 'value' in parsed ? parsed.value : null;
  const otlp = createOtlpSource({ tokens: [], ready: () => true, intake: otlpIntake, metricMap, ...room });
  const logs = createLogplexSource({
    tokens: [{ app: APP, token: 'drain-token' }],
    ready: () => true,
    intake: logIntake,
    onQuotaErrors: (found) => errors.push(...found),
    onRefused: (kind) => expect(kind).toBe('nothing is refused'),
    ...room,
  });
  const settle = () => {
    for (const intake of [otlpIntake, logIntake]) intake.settle();
  };
  return { otlp, logs, byOtlp, byLog, errors, settle };
}

/** Serves both; keeps each OTLP request as it came. */
export async function startReceiver() {
  const receivers = createReceivers();
  const { otlp, logs } = receivers;
  const otlpBodies: OtlpBody[] = [];
  const answer = async (request: Request) => {
    if (request.url.endsWith('/v1/logplex')) return logs.handle(request, null, '127.0.0.1');
    const body = Buffer.from(await request.arrayBuffer());
    const type = request.headers.get('content-type') ?? '';
    otlpBodies.push({ atMs: Date.now(), type, base64: body.toString('base64') });
    return otlp.handle(otlpRequest(type, body), '127.0.0.1');
  };
  const server = createServer(getRequestListener(answer)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const close = () => {
    server.closeAllConnections();
    server.close();
  };
  return { ...receivers, url: `http://127.0.0.1:${port}`, otlpBodies, close };
}

export function otlpRequest(type: string, body: Buffer<ArrayBuffer>): Request {
  return new Request('http://127.0.0.1/v1/metrics', { method: 'POST', body, headers: { 'content-type': type } });
}

/** The dynos that would be restarted, by name. */
export function decisionsOf({ restarts }: ReplaySummary): readonly string[] {
  return restarts.map(({ dyno }) => dyno).sort();
}
