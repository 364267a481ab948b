import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, inject, it } from 'vitest';
import { Receiver } from '../integration/instrument/instrument-harness.ts';
import { InstalledApp } from './installed-app.ts';

const FIXTURES = fileURLToPath(new URL('../fixtures/tracers', import.meta.url));
const REGISTER = 'tidemark/register';
const JOBS = 5;
const LIFE_LIMIT_MS = 90_000;
/**
 * What a tracer writes of a job, or of the job's one command, in each tracer's way. Anything else depends on how
 * Redis's answers come in.
 */
const SPAN = /^span: .*(?:job|incr).*$|"name":"bullmq\.[^"]*"|"resource":"incr"| name: '(?:job|incr)'/gim;

/** No tracer reaches its service: each writes to standard output what it would send. */
const ENVIRONMENT = {
  DD_TRACE_EXPERIMENTAL_EXPORTER: 'log',
  DD_INSTRUMENTATION_TELEMETRY_ENABLED: 'false',
  DD_REMOTE_CONFIGURATION_ENABLED: 'false',
  NEW_RELIC_APP_NAME: 'shop',
  NEW_RELIC_LICENSE_KEY: '0'.repeat(40),
  NEW_RELIC_HOST: '127.0.0.1',
  NEW_RELIC_PORT: '1',
  NEW_RELIC_LOG_ENABLED: 'false',
  NEW_RELIC_NO_CONFIG_FILE: 'true',
  OTEL_TRACES_EXPORTER: 'console',
  OTEL_LOGS_EXPORTER: 'none',
  OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
};

/** By its file in the fixtures: how an application of ES modules starts it. */
const TRACERS: Readonly<Record<string, readonly string[]>> = {
  datadog: ['--import', 'dd-trace/initialize.mjs'],
  newrelic: ['--import', 'newrelic/esm-loader.mjs', '--import', './newrelic.cjs'],
  sentry: ['--import', './sentry.cjs'],
  elastic: ['--experimental-loader', 'elastic-apm-node/loader.mjs', '--import', './elastic.cjs'],
  opentelemetry: [
    '--experimental-loader',
    '@opentelemetry/instrumentation/hook.mjs',
    '--import',
    './opentelemetry.cjs',
  ],
};

interface Start {
  readonly args: readonly string[];
  /** What a CommonJS application requires as its first lines. */
  readonly lines?: readonly string[];
}

/** How many jobs Tidemark has reported. */
function jobsIn(receiver: Receiver): number {
  return receiver.of('messaging.process.duration').at(-1)?.count ?? 0;
}

const undo: (() => unknown)[] = [];
afterEach(async () => {
  for (const one of undo.splice(0).reverse()) await one();
});

describe('next to a tracer that hooks the module loader', () => {
  let app: InstalledApp;
  beforeAll(async () => {
    app = await InstalledApp.install(FIXTURES, inject('tarball'));
  });
  afterAll(() => app?.remove());

  /** How many spans of each kind the tracer has, and what Tidemark sent. */
  async function run({ args, lines = [] }: Start, isBesideTidemark = true) {
    const receiver = new Receiver();
    const receiverUrl = await receiver.start();
    undo.push(() => receiver.stop());
    const redis = new URL(inject('redisUrl'));
    const queue = `queue-${randomUUID()}`;
    const env = {
      PATH: process.env.PATH,
      REDIS_HOST: redis.hostname,
      REDIS_PORT: redis.port,
      QUEUE: queue,
      LINES: JSON.stringify(lines),
      DYNO: 'worker.1',
      HEROKU_APP_NAME: 'shop',
      OTEL_EXPORTER_OTLP_ENDPOINT: receiverUrl,
      ...ENVIRONMENT,
    };
    const options = { cwd: app.path, env, timeout: LIFE_LIMIT_MS, maxBuffer: 2 ** 26 };
    const running = promisify(execFile)(process.execPath, args, options);
    const stop = () => running.child.stdin?.end();
    if (isBesideTidemark) void receiver.until(() => jobsIn(receiver) === JOBS).then(stop);
    else stop();
    const { stdout } = await running;
    const spans: Record<string, number> = {};
    for (const [span] of stdout.replaceAll(queue, 'queue').matchAll(SPAN)) spans[span] = (spans[span] ?? 0) + 1;
    return { spans, receiver };
  }

  it.each(Object.keys(TRACERS))(
    '%s keeps its job and Redis spans, whichever is started first, and the jobs are followed',
    async (name) => {
      const [file, hooks] = [`./${name}.cjs`, TRACERS[name] ?? []];
      const [byImport, byRequire] = [
        ['--import', REGISTER],
        ['--require', REGISTER],
      ];
      const without = await Promise.all([
        run({ args: ['worker.cjs'], lines: [file] }, false),
        run({ args: [...hooks, 'worker.mjs'] }, false),
      ]);
      const together = await Promise.all([
        run({ args: ['worker.cjs'], lines: [REGISTER, file] }),
        run({ args: ['worker.cjs'], lines: [file, REGISTER] }),
        run({ args: [...byRequire, 'worker.cjs'], lines: [file] }),
        run({ args: [...byImport, 'worker.cjs'], lines: [file] }),
        run({ args: [...byImport, ...hooks, 'worker.mjs'] }),
        run({ args: [...hooks, ...byImport, 'worker.mjs'] }),
      ]);
      const [spans] = without.map((one) => one.spans);
      const redisSpans = Object.entries(spans ?? {}).filter(([span]) => /incr/i.test(span));
      expect(redisSpans.reduce((sum, [, count]) => sum + count, 0)).toBeGreaterThanOrEqual(JOBS);
      expect([...without, ...together].map((one) => one.spans)).toEqual(Array(8).fill(spans));
      expect(without.flatMap(({ receiver }) => receiver.of('messaging.process.duration'))).toEqual([]);
      for (const { receiver } of together) {
        const jobs = receiver.of('messaging.process.duration').at(-1);
        expect(jobs).toMatchObject({ count: JOBS, resource: { 'heroku.dyno.name': 'worker.1' } });
      }
    },
  );
});
