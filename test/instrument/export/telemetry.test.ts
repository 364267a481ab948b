import { metrics } from '@opentelemetry/api';
import { afterEach, describe, expect, it, vi } from 'vitest';
import packageJson from '../../../package.json' with { type: 'json' };
import { METRICS } from '../../../src/emitted.ts';
import { FLUSH_LIMIT_MS } from '../../../src/instrument/export/telemetry.ts';
import { DynoMemory } from '../../../src/instrument/memory/dyno-memory.ts';
import { VERSION } from '../../../src/shared/version.ts';
import { memoryProvider } from '../memory/memory-reader.ts';
import { flushable, harness } from './telemetry-harness.ts';

afterEach(() => {
  metrics.disable();
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
  vi.useRealTimers();
});

describe('emitted metrics', () => {
  it('are those of semconv, with their unit, description and instrument', async () => {
    const { telemetry, runJob, loseChild } = harness();
    const { provider, collect } = memoryProvider();
    telemetry.use(provider);
    runJob(5000);
    runJob(-3000);
    loseChild();
    const emitted = (await collect()).map(({ descriptor }) => descriptor);
    const ofWorkers = METRICS.filter(({ emittedBy }) => emittedBy === 'worker').map(({ metric }) => metric);
    for (const { name, unit, description } of ofWorkers) {
      expect(emitted).toContainEqual(expect.objectContaining({ name, unit, description }));
    }
    expect(emitted.map(({ name }) => name).sort()).toEqual(ofWorkers.map(({ name }) => name).sort());
  });

  it('belong to one moment, though the reading of other processes hangs', async () => {
    const { world, telemetry, runJob } = harness();
    vi.spyOn(DynoMemory.prototype, 'read').mockReturnValue(new Promise(() => {}));
    const { provider, collect } = memoryProvider();
    telemetry.use(provider);
    for (const changeBytes of [5000, 7000]) {
      runJob(changeBytes);
      const all = await collect({ timeoutMillis: 50 });
      const value = (name: string) => all.find(({ descriptor }) => descriptor.name === name)?.dataPoints[0]?.value;
      expect(value('process.memory.usage')).toBe(world.rss);
      expect(value('bullmq.job.memory.net')).toBe(world.rss - 1_000_000);
    }
  });

  it('show what JavaScript holds: the heap by space, and what lies outside it', async () => {
    const { telemetry } = harness();
    const { provider, collect } = memoryProvider();
    telemetry.use(provider);
    const all = await collect();
    const points = (name: string) => all.find(({ descriptor }) => descriptor.name === name)?.dataPoints ?? [];
    const sum = (name: string) => points(name).reduce((total, { value }) => total + (value as number), 0);
    expect(points('v8js.memory.heap.used').map(({ attributes }) => attributes['v8js.heap.space.name'])).toContain(
      'old_space',
    );
    expect(sum('v8js.memory.heap.used')).toBeGreaterThan(1e6);
    expect(sum('v8js.memory.heap.space.size')).toBeGreaterThanOrEqual(sum('v8js.memory.heap.used'));
    expect(sum('tidemark.process.memory.external')).toBeGreaterThanOrEqual(
      sum('tidemark.process.memory.array_buffers'),
    );
    expect(sum('tidemark.process.memory.array_buffers')).toBeGreaterThan(0);
  });

  it.each([1, 63, 64, 65, 200])('report all of %i jobs in the collection after them, each once', async (jobs) => {
    const { telemetry, runJob } = harness();
    const { provider, collect } = memoryProvider();
    telemetry.use(provider);
    const reported = async () => {
      const all = await collect();
      const value = (name: string) => all.find(({ descriptor }) => descriptor.name === name)?.dataPoints[0]?.value;
      return [value('messaging.process.duration'), value('bullmq.job.memory.growth')];
    };
    for (const total of [jobs, 2 * jobs]) {
      for (let job = 0; job < jobs; job += 1) runJob(10);
      expect(await reported()).toMatchObject([{ count: total }, { count: total, sum: 10 * total }]);
    }
  });

  it('report all jobs also where the metrics move to another provider before they are collected', async () => {
    const { telemetry, runJob } = harness();
    const [before, after] = [memoryProvider(), memoryProvider()];
    telemetry.use(before.provider);
    for (let job = 0; job < 3; job += 1) runJob(10);
    telemetry.use(after.provider);
    const duration = (await before.collect()).find(
      ({ descriptor }) => descriptor.name === 'messaging.process.duration',
    );
    expect(duration?.dataPoints[0]?.value).toMatchObject({ count: 3 });
  });

  it('split a change by sign, and sum it signed', async () => {
    const { telemetry, runJob, world } = harness();
    const { provider, collect } = memoryProvider();
    telemetry.use(provider);
    for (const change of [5000, -3000, 0]) runJob(change);
    world.rss += 7;
    const all = await collect();
    const points = (name: string) => all.find(({ descriptor }) => descriptor.name === name)?.dataPoints ?? [];
    expect(points('bullmq.job.memory.growth')[0]?.value).toMatchObject({ count: 1, sum: 5000 });
    expect(points('bullmq.job.memory.reclaimed')[0]?.value).toMatchObject({ count: 1, sum: 3000 });
    expect(points('messaging.process.duration')[0]?.value).toMatchObject({ count: 3 });
    const net = points('bullmq.job.memory.net').map(({ value }) => value as number);
    expect(net[0]).toBeGreaterThan(1900);
    expect(net.reduce((sum, value) => sum + value, 0)).toBe(2007);
    expect(points('process.memory.usage')[0]?.value).toBe(1_002_007);
    expect(points('tidemark.dyno.memory.limit')[0]?.value).toBe(512);
    expect(points('bullmq.job.active')[0]).toMatchObject({
      value: 0,
      attributes: { 'messaging.destination.name': 'mails' },
    });
  });
});

describe('the last flush', () => {
  it('lets the exports under way go when there is nothing left to deliver', async () => {
    const { telemetry } = harness();
    const letGo = vi.fn();
    const provider = flushable(async () => {});
    telemetry.setFallback(async () => ({ provider, tables: null, canSend: async () => false, giveUp: letGo }));
    await telemetry.settle();
    await telemetry.flush();
    expect(letGo).toHaveBeenCalledTimes(1);
  });

  it('counts no job as running whose end brings it about', async () => {
    const { telemetry, runJob } = harness();
    const { provider, collect } = memoryProvider();
    const flushed: Awaited<ReturnType<typeof collect>>[] = [];
    telemetry.use({
      getMeter: (...args) => provider.getMeter(...args),
      forceFlush: async () => void flushed.push(await collect()),
    });
    runJob(1, 20);
    await telemetry.flush();
    const active = flushed[0]?.find(({ descriptor }) => descriptor.name === 'bullmq.job.active');
    expect(active?.dataPoints[0]?.value).toBe(0);
  });

  it('is given up after its limit where the receiver hangs', async () => {
    vi.useFakeTimers();
    const { telemetry, runJob } = harness();
    telemetry.use(flushable(() => new Promise(() => {})));
    runJob(1);
    const settled = vi.fn();
    const flushed = telemetry.flush().then(settled);
    await vi.advanceTimersByTimeAsync(FLUSH_LIMIT_MS - 1);
    expect(settled).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(1);
    await flushed;
    expect(vi.getTimerCount()).toBe(0);
  });

  it('leaves no timer behind where it succeeds', async () => {
    vi.useFakeTimers();
    const { telemetry, runJob } = harness();
    telemetry.use(flushable(async () => {}));
    runJob(1);
    await telemetry.flush();
    expect(vi.getTimerCount()).toBe(0);
  });

  it('never rejects', async () => {
    const { telemetry, runJob } = harness();
    telemetry.use(flushable(() => Promise.reject(new Error('refused'))));
    runJob(1);
    await expect(telemetry.flush()).resolves.toBeUndefined();
  });

  it('happens once for what was measured: a second delay would find nothing new', async () => {
    const { telemetry, runJob } = harness();
    const forceFlush = vi.fn(async () => {});
    telemetry.use(flushable(forceFlush));
    await telemetry.flush();
    expect(forceFlush).not.toHaveBeenCalled();
    runJob(1);
    await Promise.all([telemetry.flush(), telemetry.flush()]);
    await telemetry.flush();
    expect(forceFlush).toHaveBeenCalledTimes(1);
  });

  it('is followed by another for a job that began meanwhile', async () => {
    const { telemetry, runJob } = harness();
    const forceFlush = vi.fn(async () => {});
    telemetry.use(flushable(forceFlush));
    runJob(1);
    runJob(1);
    const flushed = telemetry.flush();
    runJob(1);
    await flushed;
    await telemetry.flush();
    expect(forceFlush).toHaveBeenCalledTimes(2);
  });
});

it('carries the version of the package', () => {
  expect(VERSION).toBe(packageJson.version);
});
