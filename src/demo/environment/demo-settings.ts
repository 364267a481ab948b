import { randomBytes } from 'node:crypto';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort } from '../../testbed/dyno-manager/free-port.ts';
import { DYNO_SIZE, EXPORT_INTERVAL_MS, GRACE_MS, MAILER_TYPE, WINDOW_MS, WORKER_COUNT, WORKER_TYPE } from '../plan.ts';

const SUFFIX = extname(fileURLToPath(import.meta.url));
const REGISTER = new URL(SUFFIX === '.ts' ? '../../register.ts' : '../../cjs/register.js', import.meta.url).href;
const WORKER_APP = fileURLToPath(new URL(`../worker-app${SUFFIX}`, import.meta.url));
/** The same in every run: each has a dyno manager and a Redis database of its own. */
const APP = 'demo';

/** Names, ports and secrets of one run, so that it never touches another's. */
export interface Run {
  /** The prefix of its queues. */
  readonly id: string;
  /** Of the actuator's page and API. */
  readonly port: number;
  /** Of the dyno manager: dynos are told its address before it starts. */
  readonly herokuPort: number;
  readonly herokuToken: string;
  /** Shown by the workers. */
  readonly ingestToken: string;
  /** Shown by the Collector, which may send for all apps. */
  readonly collectorToken: string;
}

export async function newRun(): Promise<Run> {
  const secret = () => randomBytes(24).toString('hex');
  return {
    id: `tidemark-demo-${randomBytes(4).toString('hex')}`,
    port: await freePort(),
    herokuPort: await freePort(),
    herokuToken: secret(),
    ingestToken: secret(),
    collectorToken: secret(),
  };
}

/** What the dyno manager runs. `env`: beyond what every demo's workers are given. */
export function appOf(run: Run, redisUrl: string, env: Readonly<Record<string, string>>) {
  // A small young generation, so that garbage does not look like growth; `--expose-gc`: see worker-app.
  const command = [process.execPath, '--expose-gc', '--max-semi-space-size=2', '--import', REGISTER, WORKER_APP];
  const typeOf = (type: string, quantity: number) => ({
    type,
    quantity,
    command,
    size: DYNO_SIZE,
    env: { DEMO_QUEUE: type, DEMO_IMPORTS: String(type === WORKER_TYPE) },
  });
  return {
    name: APP,
    formation: [typeOf(WORKER_TYPE, WORKER_COUNT), typeOf(MAILER_TYPE, 1)],
    env: {
      REDIS_URL: redisUrl,
      DEMO_PREFIX: run.id,
      OTEL_METRIC_EXPORT_INTERVAL: String(EXPORT_INTERVAL_MS),
      // The exporter refuses a timeout longer than the interval.
      OTEL_METRIC_EXPORT_TIMEOUT: String(EXPORT_INTERVAL_MS),
      ...env,
    },
  };
}

/** For workers that send to an actuator, or to the Collector in front of it. */
export function sendingTo(otlpUrl: string, run: Run): Readonly<Record<string, string>> {
  return {
    OTEL_EXPORTER_OTLP_ENDPOINT: otlpUrl,
    OTEL_EXPORTER_OTLP_HEADERS: `Authorization=Bearer%20${run.ingestToken}`,
  };
}

/** For workers that run the actuator themselves. */
export function embeddedEnv(run: Run): Readonly<Record<string, string>> {
  return { ...actingEnv(run, '.'), TIDEMARK_EMBEDDED: 'true' };
}

/**
 * Built from nothing but the run: a demo must not find a token for production in the caller's environment. Without an
 * admin token the actuator serves this machine only, and its page opens without a password.
 */
export function actuatorEnv(run: Run, redisUrl: string): Readonly<Record<string, string>> {
  return {
    ...actingEnv(run, APP),
    PATH: process.env.PATH ?? '',
    PORT: String(run.port),
    REDIS_URL: redisUrl,
    TIDEMARK_INGEST_TOKENS: `${APP}=${run.ingestToken},*=${run.collectorToken}`,
  };
}

/** What an actuator needs to restart the demo's dynos. `app`: as it calls their app. */
function actingEnv(run: Run, app: string) {
  return {
    HEROKU_API_URL: `http://127.0.0.1:${run.herokuPort}`,
    HEROKU_API_TOKEN: run.herokuToken,
    TIDEMARK_TARGETS: `${app}:${WORKER_TYPE},${app}:${MAILER_TYPE}`,
    TIDEMARK_DRY_RUN: 'false',
    TIDEMARK_WINDOW: `${WINDOW_MS}ms`,
    TIDEMARK_GRACE: `${GRACE_MS}ms`,
  };
}
