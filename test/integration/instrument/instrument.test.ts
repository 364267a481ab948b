import { afterEach, describe, expect, inject, it } from 'vitest';
import { AppFolder, type BullmqVersion, type Manner, Receiver, runApp } from './instrument-harness.ts';

const IMPORT = ['--import', 'tidemark/register'];
/** Ten thousand jobs on a busy machine. */
const OVERLAP_LIMIT_MS = 90_000;
const DEAD = 'http://127.0.0.1:1';

const undo: (() => void | Promise<void>)[] = [];
afterEach(async () => {
  for (const one of undo.splice(0).reverse()) await one();
});

interface Scenario {
  readonly args: readonly string[];
  readonly version?: BullmqVersion;
  readonly manner?: Manner;
  readonly env?: Readonly<Record<string, string>>;
  readonly prepare?: (folder: AppFolder) => void;
  readonly lifeLimitMs?: number | undefined;
}

/** Starts a receiver and an application that exports to it. */
async function launch({ args, version, manner, env = {}, prepare, lifeLimitMs }: Scenario) {
  const receiver = new Receiver(manner);
  const receiverUrl = await receiver.start();
  undo.push(() => receiver.stop());
  const folder = new AppFolder(version);
  undo.push(() => folder.remove());
  prepare?.(folder);
  return { receiver, app: runApp({ folder, args, redisUrl: inject('redisUrl'), receiverUrl, env, lifeLimitMs }) };
}

/** The same, to its end. */
async function run(scenario: Scenario) {
  const { receiver, app } = await launch(scenario);
  return { receiver, ...(await app.exited) };
}

/** Net bytes of each job name, and of `_idle`, as one request reported them. */
function netByName(receiver: Receiver, request: number): ReadonlyMap<string, number> {
  const net = new Map<string, number>();
  for (const { attributes, value, request: number } of receiver.of('bullmq.job.memory.net')) {
    const name = attributes['bullmq.job.name'] ?? '';
    if (number === request) net.set(name, (net.get(name) ?? 0) + value);
  }
  return net;
}

/** The least that a job of `jobs/overlap.mjs` keeps, by its name: its share of the size is 0.5 to 1.5. */
const LEAST_KEPT_BYTES: Readonly<Record<string, number>> = { grow: 50_000, 'grow-less': 22_500, slow: 0, quick: 0 };
/** Ten running jobs may hold 150 KB each that is in no sum yet; the rest is room for what else they allocate. */
const MAX_UNCOUNTED_BYTES = 3e6;

/** Jobs that have ended, by their name, as one request reported them. */
function endedByName(receiver: Receiver, request: number): ReadonlyMap<string, number> {
  const ended = receiver.of('messaging.process.duration').filter((point) => point.request === request);
  return new Map(ended.map(({ attributes, count }) => [attributes['bullmq.job.name'] ?? '', count]));
}

function total(numbers: Iterable<number>): number {
  return [...numbers].reduce((sum, number) => sum + number, 0);
}

describe.each<BullmqVersion>([6, 5])('an application with BullMQ %i', (version) => {
  it.each([
    ['ESM, by --import', [...IMPORT, 'start/work.mjs']],
    ['ESM, by import', ['start/import.mjs']],
    ['CommonJS, by --import', [...IMPORT, 'start/work.cjs']],
    ['CommonJS, by require', ['start/require.cjs']],
  ])('%s: delivers its last points though it exits right after close', async (_how, args) => {
    const { receiver, code, stderr, reports } = await run({ args, version });
    expect({ code, stderr }).toEqual({ code: 3, stderr: '' });
    expect(reports).toEqual([
      expect.stringMatching(/^tidemark: reporting shop worker\.1 to http:\/\/127\.0\.0\.1:\d+ every 10 s$/),
    ]);
    const job = {
      'messaging.system': 'bullmq',
      'bullmq.job.name': 'grow',
      'bullmq.job.outcome': 'completed',
      'tidemark.attribution': 'exclusive',
    };
    expect(receiver.of('messaging.process.duration').at(-1)).toMatchObject({ count: 3, attributes: job });
    expect(receiver.of('bullmq.job.memory.growth').at(-1)).toMatchObject({ count: 3, attributes: job });
    const net = receiver
      .of('bullmq.job.memory.net')
      .filter(({ attributes }) => attributes['bullmq.job.name'] === 'grow');
    expect(net.at(-1)?.value).toBeGreaterThan(50e6);
    expect(receiver.of('bullmq.job.active').at(-1)?.value).toBe(0);
    expect(receiver.of('process.memory.usage').at(-1)?.value).toBeGreaterThan(60e6);
    expect(receiver.of('process.memory.usage').at(-1)?.resource).toMatchObject({
      'heroku.app.name': 'shop',
      'heroku.dyno.name': 'worker.1',
      'heroku.process.type': 'worker',
      'tidemark.dyno.id.source': 'derived',
      'tidemark.process.role': 'main',
    });
  });

  it(
    'reports which of ten overlapping jobs make it grow; the sums follow its RSS',
    async () => {
      const env = { JOBS: '10000', OTEL_METRIC_EXPORT_INTERVAL: '1000' };
      const { receiver, code, stderr } = await run({
        args: [...IMPORT, 'jobs/overlap.mjs'],
        version,
        env,
        lifeLimitMs: OVERLAP_LIMIT_MS,
      });
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      // Until a job of each name has ended, running ones may hold what is in no sum yet.
      const names = Object.keys(LEAST_KEPT_BYTES);
      const usage = receiver
        .of('process.memory.usage')
        .filter(({ request }) => endedByName(receiver, request).size === names.length);
      const nets = usage.map(({ request }) => netByName(receiver, request));
      expect(nets.length).toBeGreaterThan(1);
      const [first, second] = [...(nets.at(-1) ?? [])]
        .filter(([name]) => name !== '_idle')
        .sort(([, a], [, b]) => b - a);
      expect([first?.[0], second?.[0]]).toEqual(['grow', 'grow-less']);
      // What is not in the sums was there before anything was counted: the same at every collection.
      const beforeAll = usage.map(({ value }, index) => value - total(nets[index]?.values() ?? []));
      expect(Math.max(...beforeAll) - Math.min(...beforeAll)).toBeLessThan(MAX_UNCOUNTED_BYTES);
      // By the jobs that the last delivered request counts: on a busy machine that is one long before the last job.
      const ended = endedByName(receiver, usage.at(-1)?.request ?? Number.NaN);
      const kept = total(names.map((name) => (ended.get(name) ?? 0) * (LEAST_KEPT_BYTES[name] ?? 0)));
      expect(kept).toBeGreaterThan(0);
      expect(total(nets.at(-1)?.values() ?? [])).toBeGreaterThan(kept);
    },
    OVERLAP_LIMIT_MS,
  );

  it('keeps cancellation and subclasses working, and reports every outcome', async () => {
    const { receiver, code } = await run({ args: [...IMPORT, 'jobs/cancel.mjs'], version });
    expect(code).toBe(3);
    const outcomes = receiver
      .of('messaging.process.duration')
      .map(({ attributes }) => [attributes['bullmq.job.name'], attributes['bullmq.job.outcome']]);
    expect(Object.fromEntries(outcomes)).toEqual({
      plain: 'completed',
      fail: 'failed',
      delay: 'delayed',
      cancel: 'cancelled',
      limit: 'rate_limited',
    });
  });

  it('reports how long its oldest job has run, next to short ones and until it ends', async () => {
    const env = { OTEL_METRIC_EXPORT_INTERVAL: '100' };
    const { receiver, app } = await launch({ args: [...IMPORT, 'jobs/long-job.mjs'], version, env });
    const ages = () => receiver.of('bullmq.job.active_age').map(({ value }) => value);
    // No short job takes a second.
    await receiver.until(() => Math.max(...ages()) > 1.5);
    const running = ages();
    const endedBefore = Math.max(...receiver.of('messaging.process.duration').map(({ count }) => count));
    expect(endedBefore).toBeGreaterThan(1);
    // While none runs yet it is 0; then every export says more than the last.
    const grown = running.slice(running.lastIndexOf(0) + 1);
    expect(grown).toEqual([...grown].sort((a, b) => a - b));
    app.tell();
    await receiver.until(() => (ages().at(-1) ?? 0) < 1);
    app.stop();
    expect((await app.exited).code).toBe(3);
  });

  it('reports a sandboxed child as such, of the same boot, and the tree once', async () => {
    const { receiver, app } = await launch({
      args: [...IMPORT, 'processes/sandboxed.mjs'],
      version,
      env: { OTEL_METRIC_EXPORT_INTERVAL: '100' },
    });
    const usage = (role: string) =>
      receiver.of('process.memory.usage').filter(({ resource }) => resource['tidemark.process.role'] === role);
    await receiver.until(() => usage('sandbox').length > 0 && usage('main').length > 0);
    app.stop();
    const { code, reports } = await app.exited;
    expect(code).toBe(3);
    // The child, whose standard error is its parent's, does not say it a second time.
    expect(reports).toHaveLength(1);
    const [parent, child] = [usage('main').at(-1)?.resource, usage('sandbox').at(-1)?.resource];
    for (const same of ['heroku.dyno.id', 'tidemark.dyno.start_time', 'heroku.app.name']) {
      expect(child?.[same]).toBe(parent?.[same]);
      expect(child?.[same]).toBeDefined();
    }
    expect(child?.['service.instance.id']).not.toBe(parent?.['service.instance.id']);
    expect(
      new Set(receiver.of('tidemark.dyno.memory.usage').map(({ resource }) => resource['tidemark.process.role'])),
    ).toEqual(new Set(['main']));
    const jobs = receiver.of('messaging.process.duration').at(-1);
    expect(jobs).toMatchObject({ count: 1, attributes: { 'tidemark.attribution': 'sandboxed' } });
  });
});

describe.each<BullmqVersion>([6, 5])('sandboxed jobs with BullMQ %i', (version) => {
  it('grow by what their own child grows by, and report how it died under them', async () => {
    const { receiver, code } = await run({ args: [...IMPORT, 'processes/sandbox-deaths.mjs'], version });
    expect(code).toBe(3);
    const sandboxed = (metric: string) =>
      receiver
        .of(metric)
        .filter(({ attributes, resource }) => {
          return attributes['tidemark.attribution'] === 'sandboxed' && resource['tidemark.process.role'] === 'main';
        })
        .map(
          ({ attributes, value }) =>
            [attributes['bullmq.job.name'], attributes['tidemark.exit.reason'], value] as const,
        );
    const exits = sandboxed('bullmq.sandbox.exits').map(([name, reason, count]) => `${name}: ${count} by ${reason}`);
    expect([...new Set(exits)].sort()).toEqual(['heap: 1 by memory', 'kill: 1 by signal', 'leave: 1 by code']);
    const net = new Map(sandboxed('bullmq.job.memory.net').map(([name, , bytes]) => [name, bytes]));
    expect(net.get('keep')).toBeGreaterThan(45e6);
    expect(net.get('keep')).toBeLessThan(70e6);
    expect(net.get('kill')).toBeUndefined();
  });
});

describe('a receiver that is not there for it', () => {
  it.each([
    ['hangs', 'hangs'],
    ['is unavailable', 'unavailable'],
  ] as const)('that %s neither keeps the process alive nor changes its exit code', async (_what, manner) => {
    for (const exit of ['natural', 'at once']) {
      const env = { EXIT: exit, OTEL_METRIC_EXPORT_INTERVAL: '200' };
      const { receiver, code } = await run({ args: [...IMPORT, 'start/work.mjs'], manner, env });
      expect(code).toBe(exit === 'natural' ? 7 : 3);
      expect(receiver.requests).toBeGreaterThan(0);
    }
  });

  it('nor does one that is dead', async () => {
    for (const exit of ['natural', 'at once']) {
      const env = { EXIT: exit, OTEL_METRIC_EXPORT_INTERVAL: '200', OTEL_EXPORTER_OTLP_ENDPOINT: DEAD };
      expect((await run({ args: [...IMPORT, 'start/work.mjs'], env })).code).toBe(exit === 'natural' ? 7 : 3);
    }
  });

  it('is reported even if the process ends before its second export', async () => {
    const env = { OTEL_EXPORTER_OTLP_ENDPOINT: DEAD };
    const { code, stderr } = await run({ args: [...IMPORT, 'start/work.mjs'], env });
    expect({ code, stderr }).toEqual({
      code: 3,
      stderr:
        `tidemark: shop worker.1 is not reported: nothing listens at ${DEAD}. ` +
        `Start the receiver, or correct OTEL_EXPORTER_OTLP_ENDPOINT.\n`,
    });
  });
});

describe('an application with its own SDK', () => {
  it('uses its provider by the instrumentation, with the dyno on its resource', async () => {
    const { receiver, code } = await run({ args: ['start/own-sdk.mjs'] });
    expect(code).toBe(3);
    expect(receiver.of('messaging.process.duration').at(-1)?.count).toBe(3);
    expect(new Set(receiver.points.map(({ resource }) => resource['service.name']))).toEqual(new Set(['own-sdk']));
    expect(receiver.points[0]?.resource).toMatchObject({ 'heroku.dyno.name': 'worker.1', 'heroku.app.name': 'shop' });
  });

  it('that gives no meter provider is replaced, and the worker says so', async () => {
    const { receiver, code, stderr, reports } = await run({ args: ['start/no-provider.mjs'] });
    expect(code).toBe(3);
    expect(receiver.of('messaging.process.duration').at(-1)?.count).toBe(3);
    expect(receiver.points[0]?.resource).toMatchObject({ 'heroku.dyno.name': 'worker.1', 'heroku.app.name': 'shop' });
    expect(stderr).toMatch(
      /^tidemark: .* has provided no meter provider, so Tidemark exports its measurements itself.*\n$/,
    );
    expect(reports).toHaveLength(1);
  });

  it('uses its global provider next to register, and nothing arrives twice', async () => {
    const { receiver, code } = await run({ args: [...IMPORT, 'start/own-sdk.mjs'], env: { GLOBAL: 'true' } });
    expect(code).toBe(3);
    expect(receiver.of('messaging.process.duration').at(-1)?.count).toBe(3);
    expect(new Set(receiver.points.map(({ resource }) => resource['service.name']))).toEqual(new Set(['own-sdk']));
  });

  it('can name the workers of a bundled BullMQ', async () => {
    const { receiver, code } = await run({ args: ['start/bundled.mjs'], prepare: (folder) => folder.addInnerBullmq() });
    expect(code).toBe(3);
    expect(receiver.of('messaging.process.duration').at(-1)).toMatchObject({
      count: 1,
      attributes: { 'bullmq.job.name': 'named' },
    });
  });

  it('says that a bundled application cannot run the actuator inside it, and works on', async () => {
    const env = { TIDEMARK_EMBEDDED: 'true' };
    const prepare = (folder: Parameters<NonNullable<Parameters<typeof run>[0]['prepare']>>[0]) =>
      folder.addInnerBullmq();
    const { code, stderr } = await run({ args: ['start/bundled.mjs'], prepare, env });
    expect(code).toBe(3);
    expect(stderr.match(/TIDEMARK_EMBEDDED=true has no effect in this process/g)).toHaveLength(1);
  });
});

describe('the environment', () => {
  it.each([
    ['OTEL_SDK_DISABLED', 'true', 'OTEL_SDK_DISABLED=true: nothing is measured or reported.'],
    ['OTEL_METRICS_EXPORTER', 'none', 'OTEL_METRICS_EXPORTER=none: nothing is reported. Set it to otlp to report.'],
  ])('%s=%s: nothing is sent, and the worker says so', async (name, value, line) => {
    const { receiver, code, stderr } = await run({ args: [...IMPORT, 'start/work.mjs'], env: { [name]: value } });
    expect(code).toBe(3);
    expect(receiver.requests).toBe(0);
    expect(stderr).toBe(`tidemark: ${line}\n`);
  });

  it('names service and resource by the standard variables', async () => {
    const env = {
      OTEL_SERVICE_NAME: 'mailer',
      OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment.name=staging',
      HEROKU_DYNO_ID: 'given-id',
      TIDEMARK_APP: 'other',
    };
    const { receiver } = await run({ args: [...IMPORT, 'start/work.mjs'], env });
    expect(receiver.points[0]?.resource).toMatchObject({
      'service.name': 'mailer',
      'deployment.environment.name': 'staging',
      'heroku.dyno.id': 'given-id',
      'tidemark.dyno.id.source': 'platform',
      'heroku.app.name': 'other',
    });
  });

  it('that are one for all processes do not name the dyno, nor the process', async () => {
    const attributes = ['heroku.dyno.id', 'heroku.dyno.name', 'heroku.app.name', 'tidemark.process.id', 'team'];
    const env = {
      OTEL_RESOURCE_ATTRIBUTES: attributes.map((name) => `${name}=given`).join(),
      HEROKU_DYNO_ID: 'boot',
    };
    const { receiver } = await run({ args: [...IMPORT, 'start/work.mjs'], env });
    expect(receiver.points[0]?.resource).toMatchObject({
      'heroku.dyno.id': 'boot',
      'heroku.dyno.name': 'worker.1',
      'heroku.app.name': 'shop',
      'tidemark.process.id': expect.stringMatching(/^[\da-f-]{36}$/),
      team: 'given',
    });
  });

  it('with faults in it draws a line for each, and the worker works', async () => {
    const env = { TIDEMARK_LIMIT: 'lots', TIDEMARK_TYPO: '1', TIDEMARK_TRANSPORT: 'pigeon' };
    const { receiver, code, stderr } = await run({ args: [...IMPORT, 'start/work.mjs'], env });
    expect(code).toBe(3);
    expect(stderr.trim().split('\n')).toHaveLength(3);
    for (const name of Object.keys(env)) expect(stderr).toContain(name);
    expect(receiver.points).not.toEqual([]);
  });

  it.each([
    ['OpenTelemetry disabled', { OTEL_SDK_DISABLED: 'true' }],
    ['no exporter', { OTEL_METRICS_EXPORTER: 'none' }],
  ])('with %s draws no line in a process that runs no worker', async (_what, env) => {
    const { receiver, stderr } = await run({ args: [...IMPORT, 'start/adds-jobs.mjs'], env });
    expect({ requests: receiver.requests, stderr }).toEqual({ requests: 0, stderr: '' });
  });

  it('with faults in it draws no line in a process that runs no worker', async () => {
    const env = { TIDEMARK_TYPO: '1', OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc', OTEL_METRIC_EXPORT_INTERVAL: '200' };
    const { receiver, stderr, reports } = await run({ args: [...IMPORT, 'start/adds-jobs.mjs'], env });
    expect(receiver.requests).toBeGreaterThan(0);
    expect({ stderr, reports }).toEqual({ stderr: '', reports: [] });
  });
});

describe('register', () => {
  it('loads nothing into a process that uses no BullMQ', async () => {
    expect((await run({ args: [...IMPORT, 'start/without-bullmq.mjs'] })).code).toBe(3);
  });

  it('follows every copy of BullMQ in a process', async () => {
    const prepare = (folder: AppFolder) => folder.addInnerBullmq();
    const { receiver, code } = await run({ args: [...IMPORT, 'start/two-copies.mjs'], prepare });
    expect(code).toBe(3);
    const names = receiver.of('messaging.process.duration').map(({ attributes }) => attributes['bullmq.job.name']);
    expect(new Set(names)).toEqual(new Set(['own', 'inner']));
  });

  it('measures a process whose BullMQ runs in a thread only', async () => {
    const env = { OTEL_METRIC_EXPORT_INTERVAL: '200' };
    const { receiver, app } = await launch({ args: [...IMPORT, 'start/only-in-thread.mjs'], env });
    await receiver.until(() => receiver.of('process.memory.usage').length > 0);
    app.stop();
    const { code, reports } = await app.exited;
    expect({ code, reports }).toEqual({ code: 3, reports: [expect.stringContaining('reporting shop worker.1 to ')] });
    expect(receiver.of('process.memory.usage').at(-1)?.resource).toMatchObject({ 'tidemark.process.role': 'main' });
  });
});
