import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { defaultPolicy } from '../../../src/config/policy.ts';
import type { Point } from '../../../src/model/point.ts';
import { readHerokuLog } from '../../../src/replay/heroku-log.ts';
import { type ReplaySummary, replay, replayPoints } from '../../../src/replay/replay.ts';
import { METRIC_MAP } from '../../../src/settings/metric-map.ts';
import { BodiesInFlight } from '../../../src/sources/bodies-in-flight.ts';
import { DecodeQueue } from '../../../src/sources/decode-queue.ts';
import { Intake } from '../../../src/sources/intake.ts';
import { DECODE_LIMITS, FLIGHT_LIMITS } from '../../../src/sources/limits.ts';
import type { QuotaError } from '../../../src/sources/logplex/decode-log.ts';
import { createLogplexSource } from '../../../src/sources/logplex/logplex-http.ts';
import { createOtlpSource } from '../../../src/sources/otlp/otlp-http.ts';
import { type DynoManager, startDynoManager } from '../../../src/testbed/dyno-manager/manager.ts';
import { growing, TINY, TINY_MB } from './growing-app.ts';

const APP = 'shop';
const MIB = 2 ** 20;
const WINDOW_MS = 500;
const EVERY_MS = 100;

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** Level, and from the sixth second on at another level. */
const jump = (from: number, to: number) => [...Array(6).fill(from), to];

/** Takes both ways in, apart. */
async function startReceiver() {
  const [byOtlp, byLog]: [Point[], Point[]] = [[], []];
  const errors: QuotaError[] = [];
  const clock = { now: () => Date.now() };
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
  const answer = (request: Request) =>
    request.url.endsWith('/v1/logplex') ? logs.handle(request, null, '127.0.0.1') : otlp.handle(request, '127.0.0.1');
  const server = createServer(getRequestListener(answer)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanups.push(() => {
    server.closeAllConnections();
    server.close();
  });
  const settle = () => {
    for (const intake of [otlpIntake, logIntake]) intake.settle();
  };
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    byOtlp,
    byLog,
    errors,
    settle,
    logIntake,
  };
}

/** What a worker with Tidemark sends; and of processes in another language, what a Collector next to them would. */
async function sendMemory(url: string, manager: DynoManager): Promise<void> {
  const attribute = (key: string, stringValue: string) => ({ key, value: { stringValue } });
  const resourceMetrics = manager
    .dynos()
    .flatMap(({ app, name, type, dynoId, memoryBytes, limitBytes, createdAtMs }) => {
      if (memoryBytes === null) return [];
      const isOwn = type === 'worker';
      const resident = isOwn ? [attribute('tidemark.memory.state', 'resident')] : [];
      const point = (bytes: number, attributes: readonly object[] = []) => [
        { timeUnixNano: `${Date.now()}000000`, asInt: String(bytes), attributes },
      ];
      const attributes = [
        attribute(isOwn ? 'heroku.app.name' : 'service.name', app),
        attribute(isOwn ? 'heroku.dyno.id' : 'service.instance.id', dynoId),
        attribute('heroku.dyno.name', name),
        attribute('tidemark.dyno.start_time', new Date(createdAtMs).toISOString()),
      ];
      const metrics = [
        {
          name: isOwn ? 'tidemark.dyno.memory.usage' : 'container.memory.usage',
          gauge: { dataPoints: point(memoryBytes, resident) },
        },
        { name: 'tidemark.dyno.memory.limit', gauge: { dataPoints: point(limitBytes) } },
      ];
      return [{ resource: { attributes }, scopeMetrics: [{ metrics }] }];
    });
  const body = JSON.stringify({ resourceMetrics });
  const response = await fetch(`${url}/v1/metrics`, {
    method: 'POST',
    body,
    headers: { 'content-type': 'application/json' },
  });
  expect(await response.text()).toBe('{}');
}

describe('a log drain of a worker with Tidemark, of a job runner in another language, and of a web dyno', () => {
  it('replays to the decisions of the same run over OTLP', { timeout: 120_000 }, async () => {
    const receiver = await startReceiver();
    const bodies: string[] = [];
    const type = (name: string, command: readonly string[]) => ({ type: name, command, size: TINY.name });
    const manager = await startDynoManager({
      token: 'unused',
      dynoSizes: [TINY],
      logMetricsEveryMs: EVERY_MS,
      logDrains: [
        {
          app: APP,
          url: `${receiver.url.replace('//', '//drain-token@')}/v1/logplex`,
          repeatEvery: 5,
          onBody: (body) => bodies.push(body),
        },
      ],
      apps: [
        {
          name: APP,
          formation: [
            type('worker', growing(jump(80, 1.15 * TINY_MB))),
            type('sidekiq', growing(jump(60, 1.3 * TINY_MB))),
            type('web', growing([60])),
          ],
        },
      ],
    });
    cleanups.push(() => manager.stop());
    const sampling = setInterval(() => void sendMemory(receiver.url, manager).catch(() => undefined), EVERY_MS);
    cleanups.push(() => clearInterval(sampling));
    const policy = { ...defaultPolicy(WINDOW_MS), cooldownMs: 600_000 };
    const options = { policy, quotaBytes: null };
    const recording = () => readHerokuLog(bodies.join(''), 'drain');
    await vi.waitFor(
      () => {
        expect(decisionsOf(replayPoints(receiver.byOtlp, options))).toEqual(['sidekiq.1', 'worker.1']);
        expect(decisionsOf(replay(recording().rows, options, () => undefined))).toEqual(['sidekiq.1', 'worker.1']);
      },
      { timeout: 80_000, interval: 1_000 },
    );
    clearInterval(sampling);
    await manager.stop();
    receiver.settle();

    const overOtlp = replayPoints(receiver.byOtlp, options);
    const { rows, quotaErrors } = recording();
    const recorded = replay(rows, options, () => undefined);
    expect(decisionsOf(overOtlp)).toEqual(['sidekiq.1', 'worker.1']);
    expect(decisionsOf(recorded)).toEqual(decisionsOf(overOtlp));
    expect(decisionsOf(replayPoints(receiver.byLog, options))).toEqual(decisionsOf(overOtlp));

    // Every sample came once, although frames were repeated, and so did each R14.
    expect(receiver.byLog).toHaveLength(rows.length);
    expect(receiver.errors.map(({ dyno, code, timeMs }) => ({ dyno, code, timeMs }))).toEqual(quotaErrors);
    expect(new Set(quotaErrors.map(({ dyno }) => dyno))).toEqual(new Set(['sidekiq.1', 'worker.1']));
    // The same memory, whoever measured it: pages that processes share may be counted differently.
    for (const dyno of ['worker.1', 'sidekiq.1', 'web.1'])
      expect(Math.abs(peakMb(receiver.byLog, dyno) - peakMb(receiver.byOtlp, dyno))).toBeLessThan(12);
  });
});

/** The dynos that would be restarted, by name. */
function decisionsOf({ restarts }: ReplaySummary): readonly string[] {
  return restarts.map(({ dyno }) => dyno).sort();
}

function peakMb(points: readonly Point[], dyno: string): number {
  const own = points.filter(({ boot }) => boot.dyno === dyno);
  return Math.max(...own.map((point) => (point.treeResidentBytes ?? 0) + (point.treeSwapBytes ?? 0))) / MIB;
}
