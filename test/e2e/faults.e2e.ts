import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, inject, it, vi } from 'vitest';
import { World } from './world.ts';

const PATIENCE = { timeout: 120_000, interval: 250 };
const MAX_POINT_AGE_MS = 5_000;
const ingested = (result: string) => `sum(tidemark_ingest_data_points_total{tidemark_result="${result}"})`;

interface DynoRow {
  readonly dyno: string;
  readonly boot_id: string;
  readonly usage_bytes: number;
  readonly floor_bytes: number | null;
  readonly reclaimable_bytes: number | null;
}

/** In order: each part begins where the one before has ended. */
describe('with the Collector killed, and with the actuator away', () => {
  let world: World;

  beforeAll(async () => {
    world = await World.start({
      redisUrl: `${inject('redisUrl')}/14`,
      dynos: 2,
      actuatorEnv: {
        TIDEMARK_WINDOW: '1s',
        TIDEMARK_MAX_POINT_AGE: `${MAX_POINT_AGE_MS / 1000}s`,
        TIDEMARK_MIN_UPTIME: '5s',
        TIDEMARK_COOLDOWN: '5s',
      },
      workerEnv: { OTEL_METRIC_EXPORT_INTERVAL: '200', OTEL_METRIC_EXPORT_TIMEOUT: '200', TIDEMARK_LIMIT: '512MiB' },
    });
  });
  afterAll(() => world.stop());

  async function row(dyno: string): Promise<DynoRow | undefined> {
    const { dynos } = (await world.actuator.get('/api/dynos')) as { dynos: readonly DynoRow[] };
    return dynos.find((one) => one.boot_id === world.dyno(dyno).dynoId);
  }

  /** The boot's dyno holds 440 MB of its 512 from then on. */
  async function bloat(dyno: string): Promise<void> {
    const jobs = Array.from({ length: 7 }, (_, index) => ({
      name: 'keep',
      data: { bytes: 50e6, ms: 50 },
      opts: { delay: index * 700 },
    }));
    await world.queueOf(dyno).addBulk(jobs);
  }

  async function untilFloorIsKnown(dyno: string): Promise<void> {
    await vi.waitFor(async () => expect((await row(dyno))?.reclaimable_bytes).toEqual(expect.any(Number)), PATIENCE);
  }

  it('goes on deciding after the Collector was killed and came back', async () => {
    await untilFloorIsKnown('worker.1');
    await untilFloorIsKnown('worker.2');
    await world.collector.kill();
    await delay(3_000);
    await world.startCollector();
    const before = Date.now();
    await vi.waitFor(async () => {
      const { dynos } = (await world.actuator.get('/api/dynos')) as { dynos: { last_point_ms: number }[] };
      for (const { last_point_ms } of dynos) expect(last_point_ms).toBeGreaterThan(before);
    }, PATIENCE);
    expect(world.manager.deletes()).toEqual({ one: 0, all: 0 });
  });

  it('restarts nothing on a backlog about a boot that was bloated while the actuator was away', async () => {
    const { manager, prometheus } = world;
    await world.actuator.kill();
    await bloat('worker.1');
    await vi.waitFor(async () => {
      const usage = await prometheus.queryOne('sum(tidemark_dyno_memory_usage_bytes{dyno="worker.1"})');
      expect(usage).toBeGreaterThan(400e6);
    }, PATIENCE);
    // Long enough for the detector to call it bloat, had it been there; the Collector dies with its queue meanwhile.
    await delay(8_000);
    const shown =
      'count_over_time(tidemark_dyno_memory_usage_bytes{dyno="worker.2",tidemark_memory_state="resident"}[6s])';
    expect(await prometheus.queryOne(shown), 'Prometheus was not held up').toBeGreaterThanOrEqual(5);
    await world.collector.kill();
    await world.startCollector();
    // The platform itself gives the dyno a new boot: what the backlog reports is over.
    manager.deploy('shop');
    await delay(MAX_POINT_AGE_MS);
    await world.startActuator();
    await vi.waitFor(async () => {
      expect(await prometheus.queryOne(ingested('too-old'))).toBeGreaterThan(100);
      expect(await queueLength(world)).toBe(0);
    }, PATIENCE);
    await untilFloorIsKnown('worker.1');
    expect(manager.deletes()).toEqual({ one: 0, all: 0 });
  });

  it('still restarts the dyno that bloats now, once', async () => {
    await bloat('worker.2');
    await vi.waitFor(() => expect(world.manager.deletes()).toEqual({ one: 1, all: 0 }), PATIENCE);
    await vi.waitFor(async () => {
      const closed = (await world.actuator.decisions()).find(({ outcome }) => outcome !== null);
      expect(closed).toMatchObject({ dyno: 'worker.2', outcome: 'restarted' });
    }, PATIENCE);
  });
});

/** What waits in the Collector for the actuator. */
async function queueLength(world: World): Promise<number> {
  const page = await (await fetch(`http://127.0.0.1:${world.collector.ports.telemetry}/metrics`)).text();
  return Number(/^otelcol_exporter_queue_size\{[^}]*otlp_http\/actuator[^}]*\} (\S+)$/m.exec(page)?.[1] ?? Number.NaN);
}
