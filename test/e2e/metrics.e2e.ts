import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, inject, it, vi } from 'vitest';
import { DASHBOARDS } from '../../dashboards/dashboards.ts';
import { queriesOf } from '../dashboards/queries-of.ts';
import { Recorder, type SeenMetric } from './recorder.ts';
import { World } from './world.ts';

const JSON_OVERLAY = fileURLToPath(new URL('./overlays/json.yaml', import.meta.url));
const PATIENCE = { timeout: 120_000, interval: 500 };
const LABELS = ['app', 'dyno', 'process_type', 'process_role'];
const JOB = [
  'messaging.system',
  'messaging.destination.name',
  'bullmq.job.name',
  'bullmq.job.outcome',
  'tidemark.attribution',
];
const DURATION = [...JOB, 'messaging.operation.name', 'error.type'];
const RESOURCE = [
  'service.name',
  'service.instance.id',
  'service.version',
  'cloud.provider',
  'heroku.app.id',
  'heroku.release.commit',
  'heroku.release.creation_timestamp',
  'heroku.app.name',
  'heroku.dyno.name',
  'heroku.dyno.id',
  'heroku.process.type',
  'tidemark.dyno.id.source',
  'tidemark.dyno.start_time',
  'tidemark.process.role',
];

/** Name, kind and unit in OpenTelemetry, attributes of the points; name and type in Prometheus. */
type Row = readonly [string, SeenMetric['kind'], string, readonly string[], string, string];

const OF_WORKERS: readonly Row[] = [
  ['process.memory.usage', 'updown', 'By', [], 'process_memory_usage_bytes', 'gauge'],
  [
    'tidemark.dyno.memory.usage',
    'updown',
    'By',
    ['tidemark.memory.state'],
    'tidemark_dyno_memory_usage_bytes',
    'gauge',
  ],
  ['tidemark.dyno.memory.limit', 'updown', 'By', [], 'tidemark_dyno_memory_limit_bytes', 'gauge'],
  ['v8js.memory.heap.used', 'updown', 'By', ['v8js.heap.space.name'], 'v8js_memory_heap_used_bytes', 'gauge'],
  [
    'v8js.memory.heap.space.size',
    'updown',
    'By',
    ['v8js.heap.space.name'],
    'v8js_memory_heap_space_size_bytes',
    'gauge',
  ],
  ['tidemark.process.memory.external', 'updown', 'By', [], 'tidemark_process_memory_external_bytes', 'gauge'],
  ['tidemark.process.memory.array_buffers', 'updown', 'By', [], 'tidemark_process_memory_array_buffers_bytes', 'gauge'],
  ['bullmq.job.memory.net', 'updown', 'By', JOB, 'bullmq_job_memory_net_bytes', 'gauge'],
  ['bullmq.job.memory.growth', 'histogram', 'By', JOB, 'bullmq_job_memory_growth_bytes', 'histogram'],
  ['bullmq.job.memory.reclaimed', 'histogram', 'By', JOB, 'bullmq_job_memory_reclaimed_bytes', 'histogram'],
  ['messaging.process.duration', 'histogram', 's', DURATION, 'messaging_process_duration_seconds', 'histogram'],
  [
    'bullmq.sandbox.exits',
    'counter',
    '{process}',
    [...JOB, 'tidemark.exit.reason'],
    'bullmq_sandbox_exits_total',
    'counter',
  ],
  ['bullmq.job.active', 'updown', '{job}', ['messaging.destination.name'], 'bullmq_job_active', 'gauge'],
  ['bullmq.job.memory.held', 'updown', 'By', ['messaging.destination.name'], 'bullmq_job_memory_held_bytes', 'gauge'],
];

const TARGET = ['heroku.app.name', 'heroku.process.type'];
const ABOUT = [...TARGET, 'heroku.dyno.name'];
const PLAIN: Readonly<Record<string, string>> = {
  'heroku.app.name': 'app',
  'heroku.process.type': 'process_type',
  'heroku.dyno.name': 'dyno',
};
const OF_THE_ACTUATOR: readonly Row[] = [
  [
    'tidemark.decisions',
    'counter',
    '{decision}',
    ['tidemark.class', 'tidemark.action', 'tidemark.reason', ...ABOUT],
    'tidemark_decisions_total',
    'counter',
  ],
  ['tidemark.restarts', 'counter', '{restart}', ['tidemark.outcome', ...ABOUT], 'tidemark_restarts_total', 'counter'],
  [
    'tidemark.restart.duration',
    'histogram',
    's',
    ['tidemark.outcome', ...ABOUT],
    'tidemark_restart_duration_seconds',
    'histogram',
  ],
  ['tidemark.restart.reclaimed', 'histogram', 'By', TARGET, 'tidemark_restart_reclaimed_bytes', 'histogram'],
  [
    'tidemark.ingest.data_points',
    'counter',
    '{data_point}',
    ['tidemark.result'],
    'tidemark_ingest_data_points_total',
    'counter',
  ],
  ['tidemark.boot.active', 'updown', '{boot}', [], 'tidemark_boot_active', 'gauge'],
  ['tidemark.dyno.class', 'updown', '{dyno}', ['tidemark.class', ...ABOUT], 'tidemark_dyno_class', 'gauge'],
  ['tidemark.dyno.time_to_limit', 'gauge', 's', ABOUT, 'tidemark_dyno_time_to_limit_seconds', 'gauge'],
  ['tidemark.ingest.lag', 'gauge', 's', [], 'tidemark_ingest_lag_seconds', 'gauge'],
  ['tidemark.actuator.leading', 'updown', '{actuator}', [], 'tidemark_actuator_leading', 'gauge'],
  [
    'tidemark.target.obstacle',
    'updown',
    '{target}',
    ['tidemark.obstacle', ...TARGET],
    'tidemark_target_obstacle',
    'gauge',
  ],
  ['tidemark.target.restart.remaining', 'updown', '{restart}', TARGET, 'tidemark_target_restart_remaining', 'gauge'],
  ['tidemark.target.restart.useless', 'updown', '{restart}', TARGET, 'tidemark_target_restart_useless', 'gauge'],
];

/** As Prometheus shows an attribute: with the plain label that the Collector adds for people. */
function labelsOf(attribute: string): readonly string[] {
  const label = attribute.replaceAll('.', '_');
  const plain = PLAIN[attribute];
  return plain === undefined ? [label] : [label, plain];
}

describe('every metric, through the real Collector', () => {
  let world: World;
  let toActuator: Recorder;
  let fromActuator: Recorder;
  /**
   * What the later tests look at comes from these two; where one failed, they say that instead of failing over its
   * traces.
   */
  const made = { restart: false, rise: false };
  const needs = (step: keyof typeof made) =>
    expect(made[step], `not looked at: the run that makes the metrics failed (${step})`).toBe(true);

  beforeAll(async () => {
    world = await World.start({
      redisUrl: `${inject('redisUrl')}/13`,
      dynos: 1,
      collectorOverlays: [JSON_OVERLAY],
      collectorSendsTo: async (url) => {
        toActuator = await Recorder.start(url);
        return toActuator.url;
      },
      actuatorSendsTo: async (url) => {
        fromActuator = await Recorder.start(url);
        return fromActuator.url;
      },
      // Node may take seconds to start on a busy machine: the dyno must be seen within 5 windows of its start.
      actuatorEnv: { TIDEMARK_WINDOW: '2s', TIDEMARK_MAX_POINT_AGE: '10s', TIDEMARK_MIN_UPTIME: '5s' },
      workerEnv: { TIDEMARK_LIMIT: '512MiB', OTEL_METRIC_EXPORT_INTERVAL: '200', OTEL_METRIC_EXPORT_TIMEOUT: '200' },
    });
  });
  afterAll(async () => {
    await world.stop();
    await toActuator.stop();
    await fromActuator.stop();
  });

  it('is made: a worker rises in steps and falls, is restarted once, and gives back what it held', async () => {
    const { manager, prometheus } = world;
    const queue = world.queueOf('worker.1');
    const first = world.dyno('worker.1').dynoId;
    await queue.addBulk(
      Array.from({ length: 200 }, (_, index) => ({
        name: index % 20 === 19 ? 'fail' : 'quick',
        data: { ms: 5 },
        opts: { delay: index * 50 },
      })),
    );
    await world.queueOf('worker.1', 'boxed').addBulk([
      { name: 'stay', data: {} },
      { name: 'die', data: {} },
    ]);
    await queue.addBulk(
      Array.from({ length: 4 }, (_, index) => ({
        name: 'peak',
        data: { bytes: 150e6, ms: 100 },
        opts: { delay: 1_000 + index * 2_000 },
      })),
    );
    await vi.waitFor(async () => {
      const { dynos } = (await world.actuator.get('/api/dynos')) as { dynos: { reclaimable_bytes: number | null }[] };
      expect(dynos[0]?.reclaimable_bytes).toEqual(expect.any(Number));
    }, PATIENCE);
    await queue.addBulk(
      Array.from({ length: 8 }, (_, index) => ({
        name: 'keep',
        data: { bytes: 50e6, ms: 50 },
        opts: { delay: index * 800 },
      })),
    );
    await vi.waitFor(() => expect(manager.deletes()).toEqual({ one: 1, all: 0 }), PATIENCE);
    await vi.waitFor(async () => {
      expect(await prometheus.queryOne('sum(tidemark_restarts_total{tidemark_outcome="restarted"})')).toBe(1);
      expect(await prometheus.queryOne('sum(tidemark_restart_reclaimed_bytes_count)')).toBe(1);
    }, PATIENCE);
    expect(world.dyno('worker.1').dynoId).not.toBe(first);
    const reclaimed = await prometheus.queryOne('sum(tidemark_restart_reclaimed_bytes_sum)');
    expect(reclaimed).toBeGreaterThan(300e6);
    made.restart = true;
  });

  it('is made: the new boot rises steadily, so that it has a time to its limit', async () => {
    needs('restart');
    const jobs = Array.from({ length: 150 }, (_, index) => ({
      name: 'keep',
      data: { bytes: 1e6, ms: 5 },
      opts: { delay: index * 200 },
    }));
    await world.queueOf('worker.1').addBulk(jobs);
    await vi.waitFor(async () => {
      const [series] = await world.prometheus.query('tidemark_dyno_time_to_limit_seconds{dyno="worker.1"}');
      expect(series?.value).toBeGreaterThan(0);
    }, PATIENCE);
    made.rise = true;
  });

  it.each(OF_WORKERS)('%s arrives at the actuator as %s in %s', async (name, kind, unit, attributes) => {
    needs('restart');
    await vi.waitFor(() => expect([...toActuator.metrics.keys()]).toContain(name), PATIENCE);
    const seen = toActuator.metrics.get(name);
    expect(seen).toMatchObject({ name, kind, unit });
    expect([...(seen?.attributes ?? [])].sort()).toEqual(expect.arrayContaining([...attributes].sort()));
    expect([...(seen?.resource ?? [])]).toEqual(expect.arrayContaining(RESOURCE));
  });

  it.each(OF_WORKERS)('%s is shown by Prometheus with plain labels', async (_, kind, __, attributes, shownAs, type) => {
    needs('rise');
    const series = await world.prometheus.query(`${shownAs}${kind === 'histogram' ? '_count' : ''}{app="shop"}`);
    expect(series.length).toBeGreaterThan(0);
    for (const { labels } of series) expect(Object.keys(labels)).toEqual(expect.arrayContaining(LABELS));
    const names = new Set(series.flatMap(({ labels }) => Object.keys(labels)));
    expect([...names]).toEqual(expect.arrayContaining(attributes.map((attribute) => attribute.replaceAll('.', '_'))));
    expect((await world.prometheus.metadata()).get(shownAs)?.type).toBe(type);
  });

  it.each(OF_THE_ACTUATOR)('the actuator sends %s as %s in %s', async (name, kind, unit, attributes) => {
    needs('rise');
    const seen = fromActuator.metrics.get(name);
    expect(seen).toMatchObject({ name, kind, unit });
    expect([...(seen?.attributes ?? [])]).toEqual(expect.arrayContaining([...attributes]));
    expect(toActuator.metrics.has(name)).toBe(false);
  });

  it.each(OF_THE_ACTUATOR)('%s is shown by Prometheus', async (_, kind, __, attributes, shownAs, type) => {
    needs('rise');
    const series = await world.prometheus.query(`${shownAs}${kind === 'histogram' ? '_count' : ''}`);
    const names = new Set(series.flatMap(({ labels }) => Object.keys(labels)));
    expect([...names]).toEqual(expect.arrayContaining(attributes.flatMap(labelsOf)));
    expect((await world.prometheus.metadata()).get(shownAs)?.type).toBe(type);
  });

  /** Longer than this run. */
  const RANGE_S = 300;
  it('feeds every rule of deploy/rules: none fails, and each that records has data', async () => {
    needs('rise');
    const { prometheus } = world;
    const rules = await prometheus.rules();
    expect(rules.filter(({ health }) => health !== 'ok')).toEqual([]);
    for (const { type, name } of rules) {
      // This run has no dry target.
      if (type !== 'recording' || name.includes('dry_run')) continue;
      // Recorded every 30 s: the newest metric may have come just after.
      await vi.waitFor(async () => expect(await prometheus.query(name), name).not.toEqual([]), PATIENCE);
    }
  });

  /** What this run need not have. */
  const MAY_BE_EMPTY = ['Alerts that fire'];
  describe.each(Object.entries(DASHBOARDS))('the dashboard %s', (_, dashboard) => {
    it.each(queriesOf(dashboard(), { range: `${RANGE_S}s` }))('gets data for "$of"', async (query) => {
      needs('rise');
      const { of, expr, instant } = query;
      const { prometheus } = world;
      const samples = instant ? (await prometheus.query(expr)).length : await prometheus.countInRange(expr, RANGE_S);
      if (!MAY_BE_EMPTY.includes(of)) expect(samples, `${of}: ${expr}`).toBeGreaterThan(0);
    });
  });
});
