import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { resourceFromAttributes } from '@opentelemetry/resources';
import * as sdk from '@opentelemetry/sdk-metrics';
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { BootEntry } from '../../../../src/actuator/boot-entry.ts';
import { createLog } from '../../../../src/actuator/report/log.ts';
import { EventCounts } from '../../../../src/actuator/report/metrics/event-counts.ts';
import { recordEvents } from '../../../../src/actuator/report/metrics/event-metrics.ts';
import { MAX_NAMED, readFleet } from '../../../../src/actuator/report/metrics/fleet-metrics.ts';
import {
  exportMetrics,
  MAX_POINTS_OF_REQUEST,
  producerOf,
} from '../../../../src/actuator/report/metrics/metrics-export.ts';
import { observeState } from '../../../../src/actuator/report/metrics/state-metrics.ts';
import type { Attempt } from '../../../../src/attempt/attempt.ts';
import { OBSTACLE_CODES, type Standing, type StandingFacts, standingOf } from '../../../../src/decision/standing.ts';
import { MEMORY_CLASSES } from '../../../../src/model/decision.ts';
import { METRIC_DYNO_CLASS } from '../../../../src/semconv.ts';
import { headerSecrets } from '../../../../src/shared/otel-environment.ts';
import { atOnce } from '../../../models/at-once.ts';
import { aDecision } from '../../../models/decisions.ts';

const NOW_MS = 1_000_000;
const ABOUT = { 'heroku.app.name': 'shop', 'heroku.process.type': 'worker', 'heroku.dyno.name': 'worker.1' };
const TARGET = { 'heroku.app.name': 'shop', 'heroku.process.type': 'worker' };
const READY: StandingFacts = {
  nowMs: NOW_MS,
  open: null,
  paused: false,
  pausedSinceMs: null,
  pauser: null,
  pausedBy: { all: false },
  heldUntilMs: 0,
  breakerOpenUntilMs: 0,
  breakerReason: null,
  cooldownUntilMs: 0,
  dryCooldownUntilMs: 0,
  sentLastHour: 0,
  mayBeEvicted: false,
  uselessRestarts: 0,
};
const DECISION = aDecision({ class: 'leak', reason: 'leak-far-from-limit', timeToLimitMs: 90_000 });

function attempt(changes: Partial<Attempt>): Attempt {
  return {
    target: { app: 'shop', processType: 'worker' },
    dyno: 'worker.1',
    claimedAtMs: 1_000,
    closedAtMs: null,
    outcome: null,
    ...changes,
  } as Attempt;
}

function standing(changes: Partial<StandingFacts> | null): Standing {
  return standingOf({
    target: { app: 'shop', processType: 'worker' },
    permissions: { allowed: [], dryRun: false, ownApp: null },
    maxRestartsPerHour: 4,
    ledger: changes === null ? null : { ...READY, ...changes },
  });
}

/** A boot that was not decided about is one of the first dyno. */
function dynoOf({ decision }: BootEntry): string {
  return decision?.dyno ?? DECISION.dyno;
}

function entry(lastPointMs: number, decision: BootEntry['decision']): BootEntry {
  return { boot: { lastPointMs }, decision } as unknown as BootEntry;
}

const providers: MeterProvider[] = [];
afterEach(async () => {
  for (const provider of providers.splice(0)) await provider.shutdown();
});

interface State {
  readonly entries?: readonly BootEntry[];
  readonly standings?: readonly Standing[];
  readonly leads?: boolean;
}

function start({ entries = [], standings = [], leads = true }: State = {}) {
  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  const resource = resourceFromAttributes({});
  const state = { entries, standings };
  const fleet = {
    clock: { now: () => NOW_MS },
    maxPointAgeMs: 30_000,
    apps: () => [{ byDyno: () => [...Map.groupBy(state.entries, dynoOf).values()] }],
    standings: () => state.standings,
  };
  const warnings: string[] = [];
  const counts = new EventCounts({ clock: fleet.clock, log: { warn: (message) => warnings.push(message) } });
  const readAll = async () => [...atOnce(readFleet(fleet)), ...atOnce(counts.read())];
  const reader = new PeriodicExportingMetricReader({
    exporter,
    exportIntervalMillis: 3_600_000,
    exportTimeoutMillis: 1_000,
    metricProducers: [producerOf(readAll, resource, sdk)],
  });
  const provider = new MeterProvider({ resource, readers: [reader] });
  providers.push(provider);
  const meter = provider.getMeter('test');
  const take = recordEvents(meter, counts);
  observeState({
    meter,
    ingestCounts: () => ({ accepted: 7, 'too-old': 2 }),
    leads: () => leads,
    calls: () => ({ made: 40, left: 4460, budgetLeft: 150 }),
  });
  /** The points of one metric. */
  const read = async (name: string) => {
    await provider.forceFlush();
    const metrics =
      exporter
        .getMetrics()
        .at(-1)
        ?.scopeMetrics.flatMap((scope) => scope.metrics) ?? [];
    const points = metrics.find(({ descriptor }) => descriptor.name === name)?.dataPoints ?? [];
    return points.map(({ attributes, value }) => ({ attributes, value }));
  };
  return { take, read, state, warnings };
}

describe("the actuator's own metrics", () => {
  it('count what happens to every new dyno, however many there were before, and say whose series ended', async () => {
    const { take, read, warnings } = start();
    const decide = (number: number, reason: typeof DECISION.reason = DECISION.reason) =>
      take({
        type: 'decision',
        timeMs: NOW_MS,
        decision: { ...DECISION, app: `review-${number}`, reason },
        outcome: null,
      });
    for (let number = 0; number < 3 * MAX_NAMED; number += 1) decide(number);
    decide(2 * MAX_NAMED);
    decide(3 * MAX_NAMED - 1, 'below-limits');
    const counted = await read('tidemark.decisions');
    const values = (app: string) =>
      counted.filter(({ attributes }) => attributes['heroku.app.name'] === app).map(({ value }) => value);
    expect(counted).toHaveLength(MAX_NAMED + 1);
    expect(values('review-0')).toEqual([]);
    expect(values(`review-${2 * MAX_NAMED}`)).toEqual([2]);
    expect(values(`review-${3 * MAX_NAMED - 1}`)).toEqual([1, 1]);
    expect(warnings).toEqual([
      'more than 1000 dynos were counted: tidemark.decisions and tidemark.restarts keep the series of the last ones',
    ]);
  });

  it('count decisions by class, action and reason, and name the dyno', async () => {
    const { take, read } = start();
    take({ type: 'decision', timeMs: NOW_MS, decision: DECISION, outcome: null });
    expect(await read('tidemark.decisions')).toEqual([
      {
        attributes: {
          'tidemark.class': 'leak',
          'tidemark.action': 'none',
          'tidemark.reason': 'leak-far-from-limit',
          ...ABOUT,
        },
        value: 1,
      },
    ]);
  });

  it('count an attempt when it is over, by its outcome, and how long it took', async () => {
    const { take, read } = start();
    const event = { type: 'attempt', timeMs: NOW_MS, phase: 'closed' } as const;
    take({ ...event, phase: 'claimed', attempt: attempt({}) });
    take({ ...event, attempt: attempt({ closedAtMs: 13_500, outcome: 'restarted' }) });
    expect(await read('tidemark.restarts')).toEqual([
      { attributes: { 'tidemark.outcome': 'restarted', ...ABOUT }, value: 1 },
    ]);
    expect(await read('tidemark.restart.duration')).toMatchObject([{ value: { count: 1, sum: 12.5 } }]);
  });

  it('take a restart that made things worse for one that gave nothing back', async () => {
    const { take, read } = start();
    const event = {
      type: 'reclaimed',
      timeMs: NOW_MS,
      target: 'shop:worker',
      attemptId: 'a',
      usageBytes: null,
    } as const;
    take({ ...event, reclaimedBytes: 300e6 });
    take({ ...event, reclaimedBytes: -5e6 });
    expect(await read('tidemark.restart.reclaimed')).toMatchObject([
      { attributes: { 'heroku.app.name': 'shop', 'heroku.process.type': 'worker' }, value: { count: 2, sum: 300e6 } },
    ]);
  });

  it('show the boots that send points: how many, their class, and when they reach the limit', async () => {
    const level = aDecision({ dyno: 'worker.2' });
    const { read } = start({
      entries: [
        entry(NOW_MS - 30_000, DECISION),
        entry(NOW_MS, level),
        entry(NOW_MS, null),
        entry(NOW_MS - 30_001, DECISION),
      ],
    });
    expect(await read('tidemark.boot.active')).toEqual([{ attributes: {}, value: 3 }]);
    const classes = await read('tidemark.dyno.class');
    for (const [dyno, current] of [
      ['worker.1', 'leak'],
      ['worker.2', 'healthy'],
    ]) {
      const ofDyno = classes.filter(({ attributes }) => attributes['heroku.dyno.name'] === dyno);
      expect(Object.fromEntries(ofDyno.map(({ attributes, value }) => [attributes['tidemark.class'], value]))).toEqual(
        Object.fromEntries(MEMORY_CLASSES.map((name) => [name, name === current ? 1 : 0])),
      );
    }
    expect(await read('tidemark.dyno.time_to_limit')).toEqual([{ attributes: ABOUT, value: 90 }]);
  });

  it('show one class for a dyno that was just restarted: that of its new boot', async () => {
    const { read } = start({
      entries: [entry(NOW_MS, aDecision({ class: 'warming' })), entry(NOW_MS - 5_000, DECISION)],
    });
    const current = (await read('tidemark.dyno.class')).filter(({ value }) => value === 1);
    expect(current.map(({ attributes }) => attributes['tidemark.class'])).toEqual(['warming']);
    expect(await read('tidemark.dyno.time_to_limit')).toEqual([]);
  });

  it('end with the dyno: what is gone keeps no class, and reaches no limit', async () => {
    const { read, state } = start({ entries: [entry(NOW_MS, DECISION)], standings: [standing({})] });
    expect(await read('tidemark.dyno.time_to_limit')).toHaveLength(1);
    Object.assign(state, { entries: [], standings: [] });
    for (const name of ['tidemark.dyno.class', 'tidemark.dyno.time_to_limit', 'tidemark.target.obstacle'])
      expect(await read(name)).toEqual([]);
  });

  it('name a limited number of dynos, first those that may need a look, and count all', async () => {
    const healthy = Array.from({ length: 3 * MAX_NAMED }, (_, index) => aDecision({ dyno: `worker.${index}` }));
    const leak = aDecision({ dyno: 'worker.leak', class: 'leak' });
    const { read } = start({ entries: [...healthy, leak].map((decision) => entry(NOW_MS, decision)) });
    const classes = await read('tidemark.dyno.class');
    expect(classes).toHaveLength(MAX_NAMED * MEMORY_CLASSES.length);
    const leaks = classes.filter(({ attributes, value }) => attributes['tidemark.class'] === 'leak' && value === 1);
    expect(leaks.map(({ attributes }) => attributes['heroku.dyno.name'])).toEqual(['worker.leak']);
    expect(classes.some(({ attributes }) => 'otel.metric.overflow' in attributes)).toBe(false);
    expect(await read('tidemark.boot.active')).toEqual([{ attributes: {}, value: 3 * MAX_NAMED + 1 }]);
  });

  it('show how old the newest measurement of the boot is that is furthest behind', async () => {
    const late = [entry(NOW_MS - 12_000, null), entry(NOW_MS - 3_000, null), entry(NOW_MS - 30_001, null)];
    expect(await start({ entries: late }).read('tidemark.ingest.lag')).toEqual([{ attributes: {}, value: 12 }]);
    expect(await start({ entries: [entry(NOW_MS + 5_000, null)] }).read('tidemark.ingest.lag')).toEqual([
      { attributes: {}, value: 0 },
    ]);
    expect(await start().read('tidemark.ingest.lag')).toEqual([]);
  });

  it.each([true, false])('show who leads: %s', async (leads) => {
    expect(await start({ leads }).read('tidemark.actuator.leading')).toEqual([
      { attributes: {}, value: leads ? 1 : 0 },
    ]);
  });

  it('show what stands in the way of each target, its budget, and its useless restarts', async () => {
    const { read } = start({ standings: [standing({ paused: true, sentLastHour: 5, uselessRestarts: 1 })] });
    const holding = (await read('tidemark.target.obstacle')).filter(({ value }) => value === 1);
    expect(holding.map(({ attributes }) => attributes)).toEqual(
      ['paused', 'budget'].map((code) => ({ 'tidemark.obstacle': code, ...TARGET })),
    );
    expect(await read('tidemark.target.obstacle')).toHaveLength(OBSTACLE_CODES.length);
    expect(await read('tidemark.target.restart.remaining')).toEqual([{ attributes: TARGET, value: 0 }]);
    expect(await read('tidemark.target.restart.useless')).toEqual([{ attributes: TARGET, value: 1 }]);
  });

  it('do not say that a target is not paused while the ledger cannot be read', async () => {
    const { read } = start({ standings: [standing(null)] });
    const codes = (await read('tidemark.target.obstacle')).map(({ attributes }) => attributes['tidemark.obstacle']);
    expect(codes).toEqual(['ledger-unavailable', 'dry-run']);
    expect(await read('tidemark.target.restart.remaining')).toEqual([]);
    expect(await read('tidemark.target.restart.useless')).toEqual([]);
  });

  it('show what became of the data points that arrived', async () => {
    expect(await start().read('tidemark.ingest.data_points')).toEqual([
      { attributes: { 'tidemark.result': 'accepted' }, value: 7 },
      { attributes: { 'tidemark.result': 'too-old' }, value: 2 },
    ]);
  });
});

describe('their export', () => {
  const log = createLog([], { write: () => undefined });
  it.each([
    ['no endpoint is set, for the default would be the actuator itself', {}],
    ['no exporter is wanted', { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1', OTEL_METRICS_EXPORTER: 'none' }],
    ['the SDK is disabled', { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1', OTEL_SDK_DISABLED: 'true' }],
  ])('is off where %s', async (_, env) => {
    expect(await exportMetrics(env, log)).toBeNull();
  });

  it('sends what is read next to the instruments, in requests of a limited size', async () => {
    const bodies: string[] = [];
    const server = createServer(async (request, response) => {
      bodies.push(await text(request));
      response.end('{}');
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const env = { OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}`, OTEL_METRIC_EXPORT_INTERVAL: '3600000' };
    for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
    const exported = await exportMetrics(env, log);
    const points = Array.from({ length: 2.5 * MAX_POINTS_OF_REQUEST }, (_, value) => ({ value, attributes: {} }));
    exported?.readFrom(async () => [{ metric: METRIC_DYNO_CLASS, points }]);
    await exported?.stop();
    vi.unstubAllEnvs();
    server.close();
    const counts = bodies.map((body) => body.split('"timeUnixNano"').length - 1);
    expect(counts).toEqual([MAX_POINTS_OF_REQUEST, MAX_POINTS_OF_REQUEST, MAX_POINTS_OF_REQUEST / 2]);
    expect(bodies.every((body) => body.includes('tidemark.dyno.class'))).toBe(true);
  });

  it('keeps the secrets of its headers out of the log', () => {
    const secrets = headerSecrets({ OTEL_EXPORTER_OTLP_HEADERS: 'Authorization=Bearer%20s3cret,x-team=blue%' });
    expect(secrets).toEqual(expect.arrayContaining(['s3cret', 'Bearer s3cret', 'Bearer%20s3cret', 'blue%']));
  });
});
