import { createNoopMeter, type MeterProvider, metrics } from '@opentelemetry/api';
import { MeterProvider as MeterProviderOfSdk } from '@opentelemetry/sdk-metrics';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { JobTables } from '../../../src/instrument/export/job-tables.ts';
import { PATIENCE } from '../../patience.ts';
import { memoryProvider, type ResourceAttributes } from '../memory/memory-reader.ts';
import { listen } from '../said-lines.ts';
import { canSend, flushable, giveUp, harness } from './telemetry-harness.ts';

afterEach(() => {
  metrics.disable();
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
  vi.useRealTimers();
});

describe('choice of the provider', () => {
  it("is the application's global one when there is one by the first job", async () => {
    const { telemetry, runJob } = harness();
    const fallback = vi.fn(async () => null);
    telemetry.setFallback(fallback);
    const { provider, collect } = memoryProvider();
    metrics.setGlobalMeterProvider(provider);
    runJob(1);
    await telemetry.settle();
    expect(fallback).not.toHaveBeenCalled();
    expect(await collect()).not.toEqual([]);
  });

  it('is the fallback elsewhere, which loses no job of before', async () => {
    const { telemetry, runJob } = harness();
    const { provider, collect } = memoryProvider();
    telemetry.setFallback(async () => ({ provider, tables: null, canSend, giveUp }));
    runJob(1);
    runJob(1);
    await telemetry.settle();
    const duration = (await collect()).find(({ descriptor }) => descriptor.name === 'messaging.process.duration');
    expect(duration?.dataPoints[0]?.value).toMatchObject({ count: 2 });
    expect(metrics.getMeterProvider().getMeter('x')).toBe(createNoopMeter());
  });

  it('records the figures of jobs in the tables of ours, which say what the instruments would', async () => {
    const tables = new JobTables();
    const [ours, given] = [harness(), harness()];
    const [byTables, byInstruments] = [memoryProvider({}, [tables]), memoryProvider()];
    ours.telemetry.setFallback(async () => ({ provider: byTables.provider, tables, canSend, giveUp }));
    await ours.telemetry.settle();
    given.telemetry.use(byInstruments.provider);
    for (const { runJob, failJob, loseChild } of [ours, given]) {
      for (const bytes of [1, 65_536, 65_537, -5_000_000, 0]) runJob(bytes);
      for (const errorType of ['TypeError', 'RangeError', 'TypeError']) failJob(errorType);
      loseChild();
    }
    const figures = async ({ collect }: typeof byTables) =>
      (await collect())
        .filter(({ descriptor }) => descriptor.name !== 'tidemark.dyno.memory.usage')
        .filter(
          ({ descriptor }) => !descriptor.name.startsWith('v8js.') && !descriptor.name.startsWith('tidemark.process'),
        )
        .map(({ descriptor, dataPointType, aggregationTemporality, dataPoints }) => ({
          ...{ ...descriptor, advice: undefined, type: undefined },
          dataPointType,
          aggregationTemporality,
          points: dataPoints.map(({ attributes, value }) => ({ attributes, value })),
        }))
        .sort((a, b) => a.name.localeCompare(b.name));
    expect(await figures(byTables)).toEqual(await figures(byInstruments));
  });

  it('name the operation and the class of the error on the duration of a job, and nowhere else', async () => {
    const { telemetry, runJob, failJob } = harness();
    const { provider, collect } = memoryProvider();
    telemetry.use(provider);
    runJob(5000);
    for (let job = 0; job < 50; job += 1) failJob(`Error${job % 25}`);
    const all = await collect();
    const durations = all.find(({ descriptor }) => descriptor.name === 'messaging.process.duration')?.dataPoints ?? [];
    const jobsByType = new Map(
      durations.map(({ attributes, value }) => [attributes['error.type'], (value as { count: number }).count]),
    );
    expect(new Set(durations.map(({ attributes }) => attributes['messaging.operation.name']))).toEqual(
      new Set(['process']),
    );
    // The job that did not fail, the first 20 classes by name, and all others together.
    expect(jobsByType.size).toBe(1 + 20 + 1);
    expect(['Error0', '_OTHER', undefined].map((type) => jobsByType.get(type))).toEqual([2, 10, 1]);
    const others = all.filter(({ descriptor }) => descriptor.name.startsWith('bullmq.'));
    const names = others.flatMap(({ dataPoints }) => dataPoints.flatMap(({ attributes }) => Object.keys(attributes)));
    expect(names).toContain('bullmq.job.outcome');
    expect(names).not.toContain('error.type');
    expect(names).not.toContain('messaging.operation.name');
  });

  it('moves to a given one, and stops ours', async () => {
    const { telemetry, runJob } = harness();
    const ours = memoryProvider();
    const shutdown = vi.spyOn(ours.provider, 'shutdown');
    telemetry.setFallback(async () => ({ provider: ours.provider, tables: null, canSend, giveUp }));
    await telemetry.settle();
    const given = memoryProvider();
    telemetry.use(given.provider);
    runJob(1);
    expect(shutdown).toHaveBeenCalledTimes(1);
    expect(await given.collect()).not.toEqual([]);
  });

  it('ignores one that drops everything', async () => {
    const { telemetry, runJob } = harness();
    const noop: MeterProvider = { getMeter: () => createNoopMeter() };
    telemetry.use(noop);
    runJob(1);
    const { provider, collect } = memoryProvider();
    telemetry.use(provider);
    expect(await collect()).toContainEqual(
      expect.objectContaining({ descriptor: expect.objectContaining({ name: 'bullmq.job.memory.growth' }) }),
    );
  });

  it('reports once ours is there, unless a flush does', async () => {
    for (const isFlushed of [false, true]) {
      const { telemetry, runJob } = harness();
      const forceFlush = vi.fn(async () => {});
      telemetry.setFallback(async () => ({ provider: flushable(forceFlush), tables: null, canSend, giveUp }));
      if (isFlushed) runJob(1);
      await (isFlushed ? telemetry.flush() : telemetry.settle());
      await vi.waitFor(() => expect(forceFlush).toHaveBeenCalled(), PATIENCE);
      expect(forceFlush).toHaveBeenCalledTimes(1);
    }
  });

  it('survives a fallback that fails', async () => {
    const { telemetry, runJob } = harness();
    telemetry.setFallback(() => Promise.reject(new Error('no SDK')));
    runJob(1);
    await expect(telemetry.settle()).resolves.toBeUndefined();
    await expect(telemetry.flush()).resolves.toBeUndefined();
  });
});

/** What is said of a provider, and on which one the measurements are. */
async function saidOf(provider: MeterProvider | null, given: 'given' | 'global'): Promise<readonly string[]> {
  const { voice, lines } = listen();
  const { telemetry } = harness(voice);
  const ours = memoryProvider();
  telemetry.setFallback(async () => ({ provider: ours.provider, tables: null, canSend, giveUp }));
  if (provider !== null && given === 'given') telemetry.use(provider);
  if (provider !== null && given === 'global') metrics.setGlobalMeterProvider(provider);
  await telemetry.settle();
  const isOurs = (await ours.collect()).length > 0;
  return [...lines(), isOurs ? 'on a provider of its own' : "on the application's"];
}

const DYNO = { 'heroku.app.name': 'my-app', 'heroku.dyno.name': 'worker.1', 'heroku.dyno.id': 'boot-1' };
const WITHOUT_DYNO = {
  'heroku.app.name': 'my-app',
  'host.id': new Promise<string>(() => {}),
};
const LATE_DYNO = { ...DYNO, 'heroku.dyno.id': Promise.resolve('boot-1') };
const DROPPED = /^tidemark: measurements go to .* does not name the dyno, .*Add herokuDetector/;
const PASSED_OVER = /^tidemark: the resource of .* does not name the dyno, so Tidemark exports its measurements itself/;
const MEASURING = "tidemark: measuring my-app worker.1, which the application's OpenTelemetry SDK exports";
const RECEIVER = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1' };

describe("the application's own SDK", () => {
  it.each<['given' | 'global', ResourceAttributes, Record<string, string>, string | RegExp, 'ours' | 'theirs']>([
    ['given', DYNO, {}, MEASURING, 'theirs'],
    ['global', DYNO, RECEIVER, MEASURING, 'theirs'],
    ['global', LATE_DYNO, RECEIVER, MEASURING, 'theirs'],
    ['given', {}, RECEIVER, DROPPED, 'theirs'],
    ['global', {}, {}, DROPPED, 'theirs'],
    ['global', {}, { ...RECEIVER, OTEL_METRICS_EXPORTER: 'none' }, DROPPED, 'theirs'],
    ['global', {}, RECEIVER, PASSED_OVER, 'ours'],
    ['global', WITHOUT_DYNO, RECEIVER, PASSED_OVER, 'ours'],
    ['global', {}, { TIDEMARK_TRANSPORT: 'redis' }, PASSED_OVER, 'ours'],
  ])('%s, with the resource %o and %o: says %s, and measures on %s', async (given, resource, env, line, whose) => {
    vi.stubEnv('DYNO', 'worker.1');
    for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value);
    const said = await saidOf(memoryProvider(resource).provider, given);
    const on = whose === 'ours' ? 'on a provider of its own' : "on the application's";
    expect(said).toEqual([typeof line === 'string' ? line : expect.stringMatching(line), on]);
  });

  it.each([
    [DYNO, MEASURING, "on the application's"],
    [{ 'heroku.app.name': 'my-app' }, PASSED_OVER, 'on a provider of its own'],
  ])('of the line 1.x, with the resource %o: says %s, and measures %s', async (attributes, line, where) => {
    vi.stubEnv('DYNO', 'worker.1');
    vi.stubEnv('OTEL_EXPORTER_OTLP_ENDPOINT', RECEIVER.OTEL_EXPORTER_OTLP_ENDPOINT);
    const { provider } = memoryProvider();
    const { _sharedState: state } = provider as unknown as { readonly _sharedState: object };
    // As @opentelemetry/resources 1.30 has it, which keeps the attributes of slow detectors apart.
    Object.assign(state, { resource: { attributes, _syncAttributes: attributes, asyncAttributesPending: true } });
    const expected = typeof line === 'string' ? line : expect.stringMatching(line);
    expect(await saidOf(provider, 'global')).toEqual([expected, where]);
  });

  it.each(['given', 'global'] as const)('that has no reader is skipped if ours can report: %s', async (given) => {
    vi.stubEnv('OTEL_EXPORTER_OTLP_ENDPOINT', RECEIVER.OTEL_EXPORTER_OTLP_ENDPOINT);
    expect(await saidOf(new MeterProviderOfSdk(), given)).toEqual([
      expect.stringMatching(/^tidemark: the meter provider of .* has no metric reader, so Tidemark exports/),
      'on a provider of its own',
    ]);
  });

  it.each([RECEIVER.OTEL_EXPORTER_OTLP_ENDPOINT, undefined])(
    'is the global one if only that has a reader, with the endpoint %s',
    async (endpoint) => {
      vi.stubEnv('OTEL_EXPORTER_OTLP_ENDPOINT', endpoint);
      const { voice, lines } = listen();
      const { telemetry } = harness(voice);
      const [ours, global] = [memoryProvider(), memoryProvider(DYNO)];
      telemetry.setFallback(async () => ({ provider: ours.provider, tables: null, canSend, giveUp }));
      telemetry.use(new MeterProviderOfSdk());
      metrics.setGlobalMeterProvider(global.provider);
      await telemetry.settle();
      expect(lines()).toEqual([MEASURING]);
      expect(await global.collect()).not.toEqual([]);
      expect(await ours.collect()).toEqual([]);
    },
  );

  it('says that a provider without a reader reports nothing', async () => {
    const said = await saidOf(new MeterProviderOfSdk(), 'given');
    expect(said[0]).toMatch(/^tidemark: nothing is reported: .* has no metric reader/);
  });

  it.each([
    ['otlp', false],
    ['otlp,redis', true],
  ])('says that it writes no points stream, with the transport %s: %s', async (transport, isSaid) => {
    vi.stubEnv('TIDEMARK_TRANSPORT', transport);
    const said = await saidOf(memoryProvider(DYNO).provider, 'given');
    expect(said.some((line) => line.includes('does not write the points stream'))).toBe(isSaid);
  });

  it('says that an actuator in the worker has no effect where the application has an SDK', async () => {
    vi.stubEnv('TIDEMARK_EMBEDDED', 'true');
    const said = await saidOf(memoryProvider(DYNO).provider, 'given');
    expect(said.filter((line) => line.includes('TIDEMARK_EMBEDDED=true has no effect'))).toHaveLength(1);
  });

  it('is awaited at the first job if it is expected; a missing provider is reported once', async () => {
    const { voice, lines } = listen();
    const { telemetry, runJob } = harness(voice);
    const { provider, collect } = memoryProvider();
    const fallback = vi.fn(async () => ({ provider, tables: null, canSend, giveUp }));
    telemetry.setFallback(fallback, { expectsSdk: true });
    runJob(5000);
    expect(fallback).not.toHaveBeenCalled();
    await telemetry.settle();
    await telemetry.settle();
    expect(lines()).toEqual([
      expect.stringMatching(/has provided no meter provider, so Tidemark exports .* metricReaders/),
    ]);
    const duration = (await collect()).find(({ descriptor }) => descriptor.name === 'messaging.process.duration');
    expect(duration?.dataPoints[0]?.value).toMatchObject({ count: 1 });
  });

  it('that gives its provider while ours is being made gets the measurements, and ours is stopped', async () => {
    const { telemetry } = harness();
    const [ours, theirs] = [memoryProvider(), memoryProvider(DYNO)];
    const shutdown = vi.spyOn(ours.provider, 'shutdown');
    const made = Promise.withResolvers<void>();
    telemetry.setFallback(async () => {
      await made.promise;
      return { provider: ours.provider, tables: null, canSend, giveUp };
    });
    const settled = telemetry.settle();
    telemetry.use(theirs.provider);
    made.resolve();
    await settled;
    expect(shutdown).toHaveBeenCalledTimes(1);
    expect(await theirs.collect()).not.toEqual([]);
  });

  it('says why no export could be started', async () => {
    const { voice, lines } = listen();
    const { telemetry } = harness(voice);
    telemetry.setFallback(() => Promise.reject(new Error('no SDK here')));
    await telemetry.settle();
    expect(lines()).toEqual(['tidemark: nothing is reported: the export could not be started. no SDK here']);
  });
});

it('starts no export of its own once it is stopped', async () => {
  const { telemetry } = harness();
  const fallback = vi.fn(async () => null);
  telemetry.setFallback(fallback);
  telemetry.release();
  await telemetry.settle();
  expect(fallback).not.toHaveBeenCalled();
});
