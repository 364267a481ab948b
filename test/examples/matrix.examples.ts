import { fileURLToPath } from 'node:url';
import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, describe, expect, inject, it } from 'vitest';
import { type Manner, Receiver, runApp } from '../integration/instrument/instrument-harness.ts';
import { InstalledApp } from './installed-app.ts';

/**
 * The versions that package.json claims, at their ends. `api`, `sdk-metrics`, `resources` and the exporter are an
 * application's own, which Tidemark has to share; `sdk-node` is how applications have them as a rule.
 */
const OPENTELEMETRY = {
  'the oldest 2.x': {
    api: '1.9.0',
    'sdk-metrics': '2.1.0',
    resources: '2.1.0',
    'exporter-metrics-otlp-http': '0.204.0',
  },
  'the newest 2.x': { api: '~1.9.1', 'sdk-node': '0.223.0' },
  '2.12.1': { api: '~1.9.1', 'sdk-metrics': '2.12.1', resources: '2.12.1', 'exporter-metrics-otlp-http': '0.223.0' },
  '3.1.1': { api: '^1.10.0', 'sdk-metrics': '3.1.1', resources: '3.1.1', 'exporter-metrics-otlp-http': '0.301.0' },
  'the newest 3.x': { api: '^1.10.0', 'sdk-node': '0.301.0' },
} as const satisfies Record<string, Record<string, string>>;

const CELLS: readonly (readonly [bullmq: string, opentelemetry: keyof typeof OPENTELEMETRY])[] = [
  ['5.0.0', 'the oldest 2.x'],
  ['5.0.0', '3.1.1'],
  ['^5.81.5', 'the newest 2.x'],
  ['6.0.0', '2.12.1'],
  ['^6.7.0', 'the newest 3.x'],
];

const FIXTURES = fileURLToPath(new URL('../fixtures/instrument', import.meta.url));
const IMPORT = ['--import', 'tidemark/register'];
const JOBS = 3;

const undo: (() => unknown)[] = [];
afterEach(async () => {
  for (const one of undo.splice(0).reverse()) await one();
});

describe.each(CELLS)('BullMQ %s next to OpenTelemetry %s', (bullmq, opentelemetry) => {
  let app: InstalledApp;
  beforeAll(async () => {
    const own = Object.entries(OPENTELEMETRY[opentelemetry]).map(([name, range]) => [`@opentelemetry/${name}`, range]);
    const ioredis = bullmq.includes('6.') ? { ioredis: '^5.4.0 || ^6.0.0' } : {};
    const dependencies = { bullmq, ...ioredis, ...Object.fromEntries(own) };
    const manifest = { name: 'app', version: '1.0.0', private: true, dependencies };
    app = await InstalledApp.install(FIXTURES, inject('tarball'), manifest);
  });
  afterAll(() => app?.remove());

  async function run(args: readonly string[], env: Readonly<Record<string, string>> = {}, manner: Manner = 'answers') {
    const receiver = new Receiver(manner);
    const receiverUrl = await receiver.start();
    undo.push(() => receiver.stop());
    const running = runApp({ folder: app, args, redisUrl: inject('redisUrl'), receiverUrl, env });
    return { receiver, running };
  }

  it('is a clean tree, in which Tidemark has no copy of its own, and the command line runs', async () => {
    await app.npm('ls', '--all');
    expect(app.ownModulesOf('tidemark').filter((path) => path.startsWith('@opentelemetry/'))).toEqual([]);
    expect(await app.npm('exec', '--offline', '--', 'tidemark', '--version')).toMatch(/^\d+\.\d+\.\d+$/m);
  });

  it.each([
    ['ESM, by --import', [...IMPORT, 'start/work.mjs']],
    ['ESM, by import', ['start/import.mjs']],
    ['CommonJS, by --import', [...IMPORT, 'start/work.cjs']],
    ['CommonJS, by require', ['start/require.cjs']],
    ["ESM, on the application's own provider", ['start/own-sdk.mjs']],
  ])('%s: the last points arrive though it exits right after close', async (_how, args) => {
    const { receiver, running } = await run(args);
    expect(await running.exited).toMatchObject({ code: 3, stderr: '' });
    expect(receiver.of('messaging.process.duration').at(-1)).toMatchObject({
      count: JOBS,
      attributes: {
        'messaging.system': 'bullmq',
        'messaging.destination.name': expect.stringMatching(/^queue-/),
        'bullmq.job.name': 'grow',
        'bullmq.job.outcome': 'completed',
        'tidemark.attribution': 'exclusive',
      },
    });
    const net = receiver
      .of('bullmq.job.memory.net')
      .filter(({ attributes }) => attributes['bullmq.job.name'] === 'grow');
    expect(net.at(-1)?.value).toBeGreaterThan(50e6);
    expect(receiver.of('process.memory.usage').at(-1)?.resource).toMatchObject({ 'heroku.dyno.name': 'worker.1' });
  });

  it('subclassed and several workers in a process: every job of every worker is counted', async () => {
    const { receiver, running } = await run([...IMPORT, 'jobs/several.mjs']);
    expect(await running.exited).toMatchObject({ code: 3, stderr: '' });
    const counts = receiver
      .of('messaging.process.duration')
      .map(({ attributes, count }) => [attributes['messaging.destination.name']?.replace(/^.*-/, ''), count]);
    expect(Object.fromEntries(counts)).toEqual({ plain: 3, subclass: 4, override: 5 });
  });

  it('sandboxed: by the child', async () => {
    const { receiver, running } = await run([...IMPORT, 'processes/sandboxed.mjs'], {
      OTEL_METRIC_EXPORT_INTERVAL: '200',
    });
    const jobs = () => receiver.of('messaging.process.duration').at(-1);
    await Promise.race([receiver.until(() => jobs() !== undefined), running.exited]);
    running.stop();
    expect(await running.exited).toMatchObject({ code: 3 });
    expect(jobs()).toMatchObject({ count: 1, attributes: { 'tidemark.attribution': 'sandboxed' } });
  });

  it.each<[string, Manner, Record<string, string>]>([
    ['hangs', 'hangs', {}],
    ['is dead', 'answers', { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1' }],
  ])('ends in time by itself when the receiver %s', async (_how, manner, env) => {
    const { running } = await run([...IMPORT, 'start/work.mjs'], { EXIT: 'natural', ...env }, manner);
    expect(await running.exited).toMatchObject({ code: 7 });
  });

  it("writes its points to a stream over BullMQ's own connection", async () => {
    const database = 1 + CELLS.findIndex(([one, other]) => one === bullmq && other === opentelemetry);
    const redisUrl = `${inject('redisUrl')}/${database}`;
    const { running } = await run([...IMPORT, 'start/work.mjs'], {
      TIDEMARK_TRANSPORT: 'redis',
      REDIS_DB: String(database),
    });
    expect(await running.exited).toMatchObject({ code: 3, stderr: '' });
    const redis = new Redis(redisUrl);
    undo.push(() => redis.disconnect());
    const entries = await redis.xrange('tidemark:points', '-', '+');
    expect(JSON.stringify(entries)).toContain('messaging.process.duration');
  });
});

/**
 * `sdk-node` at the ends of what is claimed, and on both sides of 0.209, from which on it makes a meter provider by
 * itself.
 */
describe.each(['0.204.0', '0.208.0', '0.209.0', '0.223.0', '0.301.0'])(
  'the snippet of docs/getting-started.md with sdk-node %s',
  (version) => {
    let app: InstalledApp;
    beforeAll(async () => {
      const dependencies = { bullmq: '^6.7.0', '@opentelemetry/api': '^1.9.1', '@opentelemetry/sdk-node': version };
      app = await InstalledApp.install(FIXTURES, inject('tarball'), {
        name: 'app',
        version: '1.0.0',
        private: true,
        dependencies,
      });
    });
    afterAll(() => app?.remove());

    it('reports the dyno, and says so', async () => {
      const receiver = new Receiver();
      const receiverUrl = await receiver.start();
      undo.push(() => receiver.stop());
      const env = {
        OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
        OTEL_METRIC_EXPORT_INTERVAL: '500',
        OTEL_METRIC_EXPORT_TIMEOUT: '500',
      };
      const running = runApp({
        folder: app,
        args: ['start/readme-sdk.mjs'],
        redisUrl: inject('redisUrl'),
        receiverUrl,
        env,
      });
      expect(await running.exited).toMatchObject({ code: 3, reports: [expect.stringContaining('shop worker.1')] });
      expect(receiver.of('messaging.process.duration').at(-1)).toMatchObject({ count: JOBS });
      expect(receiver.of('process.memory.usage').at(-1)?.resource).toMatchObject({
        'heroku.app.name': 'shop',
        'heroku.dyno.name': 'worker.1',
      });
    });
  },
);
