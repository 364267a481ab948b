import { spawn } from 'node:child_process';
import { once as onceEmitted } from 'node:events';
import { createServer as createHttp2Server } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { freePort } from '../../src/testbed/dyno-manager/free-port.ts';
import { type Environment, later, once, redisServer, type Said, World } from './world.ts';

/** Mistakes that a worker itself prints: a real worker of BullMQ that loads `tidemark/register`. */

const REGISTER = new URL('../../src/register.ts', import.meta.url).href;
const REPOSITORY = fileURLToPath(new URL('../..', import.meta.url));
const WORKER = `
import { Worker } from 'bullmq';
const { hostname: host, port } = new URL(process.env.REDIS_URL);
new Worker('queue', async () => {}, { connection: { host, port: Number(port) } });`;

/** An application whose own SDK has this exporter. */
const ownSdk = (module: string, exporter: string) => `
import { metrics } from '@opentelemetry/api';
import { ${exporter} } from '${module}';
import { MeterProvider, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics';
const timing = { exportIntervalMillis: 500, exportTimeoutMillis: 500 };
const reader = new PeriodicExportingMetricReader({ exporter: new ${exporter}(), ...timing });
metrics.setGlobalMeterProvider(new MeterProvider({ readers: [reader] }));
${WORKER}`;

const steady = once(() => World.start());

/** What a worker of `shop worker.1` with this environment prints. */
async function worker(env: Environment, program = WORKER): Promise<Said> {
  const { url } = await redisServer();
  const child = spawn(process.execPath, ['--import', REGISTER, '--input-type=module', '-e', program], {
    cwd: REPOSITORY,
    env: {
      PATH: process.env.PATH ?? '',
      REDIS_URL: url,
      DYNO: 'worker.1',
      HEROKU_APP_NAME: 'shop',
      OTEL_METRIC_EXPORT_INTERVAL: '500',
      ...env,
    },
  });
  later(() => child.kill('SIGKILL'));
  let text = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => {
      text += chunk;
    });
  return { "worker's output": async () => text };
}

/** One that sends to a real actuator. */
async function workerOf(actuator: World, env: Environment = {}): Promise<Said> {
  return worker({ OTEL_EXPORTER_OTLP_ENDPOINT: actuator.actuator.url, ...env });
}

const bearer = (token: string) => ({ OTEL_EXPORTER_OTLP_HEADERS: `Authorization=Bearer%20${token}` });

async function grpcPort(): Promise<Said> {
  const server = createHttp2Server().on('sessionError', () => {});
  server.listen(0, '127.0.0.1');
  later(() => server.close());
  await onceEmitted(server, 'listening');
  return worker({ OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${(server.address() as AddressInfo).port}` });
}

export const WORKER_SCENARIOS: Readonly<Record<string, () => Promise<Said>>> = {
  'The worker has no ingest token': async () => workerOf(await steady()),
  'The ingest token of the worker is wrong': async () => workerOf(await steady(), bearer('wrong')),
  'The endpoint of the worker has /v1/metrics at its end': async () => {
    const { actuator } = await steady();
    return worker({ OTEL_EXPORTER_OTLP_ENDPOINT: `${actuator.url}/v1/metrics`, ...bearer('ingest-t0ken') });
  },
  'The endpoint of the worker is a gRPC port': grpcPort,
  'Nothing listens at the endpoint of the worker': async () =>
    worker({ OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${await freePort()}` }),
  'The worker sends over HTTP, and this actuator reads the stream': async () =>
    workerOf(await World.start({ TIDEMARK_SOURCE: 'redis' }), bearer('ingest-t0ken')),
  'OTEL_METRICS_EXPORTER keeps the worker from exporting': async () => worker({ OTEL_METRICS_EXPORTER: 'prometheus' }),
  "The exports of the app's own OpenTelemetry SDK fail": async () => {
    const env = { OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: `${(await steady()).actuator.url}/v1/metrics`, DYNO: '' };
    return worker(env, ownSdk('@opentelemetry/exporter-metrics-otlp-http', 'OTLPMetricExporter'));
  },
  "The app's own OpenTelemetry SDK has a console exporter alone": async () =>
    worker({ DYNO: '' }, ownSdk('@opentelemetry/sdk-metrics', 'ConsoleMetricExporter')),
};
