import { randomBytes } from 'node:crypto';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { LogEntry } from '../../testbed/dyno-manager/event-log.ts';
import { freePort } from '../../testbed/dyno-manager/free-port.ts';
import { type DynoManager, startDynoManager } from '../../testbed/dyno-manager/manager.ts';
import { findCollector } from '../../testbed/servers/collector-binary.ts';
import { ActuatorClient } from '../actuator/actuator-client.ts';
import { ActuatorProcess } from '../actuator/actuator-process.ts';
import { JobQueues, loadBullmq } from '../job-queues.ts';
import { importQueueOf } from '../jobs/job.ts';
import type { JobTally } from '../jobs/tally.ts';
import {
  BLOATING_DYNOS,
  DYNO_SIZE,
  EXPORT_INTERVAL_MS,
  GRACE_MS,
  MAILER_TYPE,
  STOP_GRACE_MS,
  WINDOW_MS,
  WORKER_COUNT,
  WORKER_TYPE,
} from '../plan.ts';
import { type DemoCollector, startOwnCollector } from './own-collector.ts';
import { type DemoRedis, startOwnRedis } from './own-redis.ts';
import { borrowRedis } from './shared-redis.ts';

const SUFFIX = extname(fileURLToPath(import.meta.url));
const REGISTER = new URL(SUFFIX === '.ts' ? '../../register.ts' : '../../cjs/register.js', import.meta.url).href;
const WORKER_APP = fileURLToPath(new URL(`../worker-app${SUFFIX}`, import.meta.url));
/** The same in every run: each has a dyno manager and a Redis database of its own. */
const APP = 'demo';
/** A dyno that is killed from outside comes back after this long. */
const CRASH_DELAYS_MS = [500];

export interface DemoEnvironmentOptions {
  /** A Redis to use; null: start one. */
  readonly redisUrl: string | null;
  readonly tally: JobTally;
  readonly onProcess: (name: string, pid: number) => void;
  readonly onManager: (entry: LogEntry) => void;
  /** A line that a dyno printed. */
  readonly onOutput: (line: string, from: { readonly dyno: string }) => void;
  /** Something was killed from outside, and runs again. */
  readonly onReturn: (text: string) => void;
  /** Something was killed from outside and cannot be brought back. */
  readonly onLoss: (why: string) => void;
}

/** Everything that the demo runs. */
export interface DemoEnvironment {
  readonly manager: DynoManager;
  readonly client: ActuatorClient;
  /** The actuator's page. It opens without a password, on this machine only. */
  readonly pageUrl: string;
  readonly queues: JobQueues;
  /** Which way the measurements go, in a sentence. */
  readonly way: string;
  /** The newest lines of the actuator's log. */
  actuatorLines(): readonly string[];
  /** Ends every process; waits until none is left. */
  stop(): Promise<void>;
}

/**
 * Starts Redis, Collector (if built), dyno manager with its dynos, actuator and queues. If one fails, those before it
 * are stopped again.
 */
export async function startEnvironment(options: DemoEnvironmentOptions): Promise<DemoEnvironment> {
  const releases: (() => Promise<unknown>)[] = [];
  const stop = () => releaseAll(releases.splice(0).reverse());
  try {
    await loadBullmq();
    const run = newRun(await freePort());
    const redis = await findRedis(options, run.id);
    releases.push(() => redis.stop());
    const collector = await ownCollector(run, options);
    if (collector !== null) releases.push(() => collector.stop());
    const actuatorUrl = `http://127.0.0.1:${run.port}`;
    const manager = await startDynoManager({
      apps: [appOf(run, redis.url, collector?.url ?? actuatorUrl)],
      token: run.herokuToken,
      crashDelaysMs: CRASH_DELAYS_MS,
      log: options.onManager,
      output: options.onOutput,
    });
    releases.push(() => manager.stop(STOP_GRACE_MS));
    const actuator = new ActuatorProcess({
      env: actuatorEnv(run, { redisUrl: redis.url, herokuUrl: manager.url }),
      onReturn: options.onReturn,
      onLoss: options.onLoss,
      onStart: (pid) => {
        if (pid !== null) options.onProcess('actuator', pid);
      },
    });
    releases.push(() => actuator.stop());
    const queues = await JobQueues.open([WORKER_TYPE, MAILER_TYPE, ...BLOATING_DYNOS.map(importQueueOf)], {
      url: redis.url,
      prefix: run.id,
      tally: options.tally,
    });
    releases.push(() => queues.close());
    const client = new ActuatorClient(actuatorUrl);
    const way = collector === null ? WAYS.straight : WAYS.throughCollector;
    const pageUrl = `${actuatorUrl}/`;
    return { manager, client, pageUrl, queues, way, actuatorLines: () => actuator.lastLines, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

const WAYS = {
  throughCollector: 'Measurements go from the workers to the OpenTelemetry Collector, and from there to the actuator.',
  straight:
    'Measurements go from the workers straight to the actuator (after "npm run build:collector": ' +
    'through the OpenTelemetry Collector).',
};

/** Releases all, even if some fail; then throws the first error. */
async function releaseAll(releases: readonly (() => Promise<unknown>)[]): Promise<void> {
  const errors: unknown[] = [];
  for (const release of releases) await release().catch((error: unknown) => errors.push(error));
  if (errors.length > 0) throw errors[0];
}

/** Names and secrets of one run, so that it never touches another's. */
interface Run {
  /** The prefix of its queues. */
  readonly id: string;
  readonly port: number;
  readonly herokuToken: string;
  /** Shown by the workers. */
  readonly ingestToken: string;
  /** Shown by the Collector, which may send for all apps. */
  readonly collectorToken: string;
}

function newRun(port: number): Run {
  const secret = () => randomBytes(24).toString('hex');
  return {
    id: `tidemark-demo-${randomBytes(4).toString('hex')}`,
    port,
    herokuToken: secret(),
    ingestToken: secret(),
    collectorToken: secret(),
  };
}

function findRedis(
  { redisUrl, onProcess, onReturn, onLoss }: DemoEnvironmentOptions,
  runId: string,
): Promise<DemoRedis> {
  if (redisUrl !== null) return borrowRedis(redisUrl, runId);
  return startOwnRedis({ onStart: (pid) => onProcess('redis', pid), onReturn, onLoss });
}

/** Null if no Collector was built on this machine. */
async function ownCollector(run: Run, options: DemoEnvironmentOptions): Promise<DemoCollector | null> {
  const binary = await findCollector();
  if (binary === null) return null;
  return startOwnCollector({
    binary,
    ingestToken: run.ingestToken,
    actuatorToken: run.collectorToken,
    actuatorUrl: `http://127.0.0.1:${run.port}`,
    onStart: (pid) => options.onProcess('collector', pid),
    onReturn: options.onReturn,
    onLoss: options.onLoss,
  });
}

function appOf(run: Run, redisUrl: string, otlpUrl: string) {
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
      OTEL_EXPORTER_OTLP_ENDPOINT: otlpUrl,
      OTEL_EXPORTER_OTLP_HEADERS: `Authorization=Bearer%20${run.ingestToken}`,
      OTEL_METRIC_EXPORT_INTERVAL: String(EXPORT_INTERVAL_MS),
      // The exporter refuses a timeout longer than the interval.
      OTEL_METRIC_EXPORT_TIMEOUT: String(EXPORT_INTERVAL_MS),
    },
  };
}

/**
 * Built from nothing but the run: a demo must not find a token for production in the caller's environment. Without an
 * admin token the actuator serves this machine only, and its page opens without a password.
 */
function actuatorEnv(run: Run, { redisUrl, herokuUrl }: { redisUrl: string; herokuUrl: string }) {
  return {
    PATH: process.env.PATH ?? '',
    PORT: String(run.port),
    REDIS_URL: redisUrl,
    HEROKU_API_URL: herokuUrl,
    HEROKU_API_TOKEN: run.herokuToken,
    TIDEMARK_TARGETS: `${APP}:${WORKER_TYPE},${APP}:${MAILER_TYPE}`,
    TIDEMARK_DRY_RUN: 'false',
    TIDEMARK_INGEST_TOKENS: `${APP}=${run.ingestToken},*=${run.collectorToken}`,
    TIDEMARK_WINDOW: `${WINDOW_MS}ms`,
    TIDEMARK_GRACE: `${GRACE_MS}ms`,
  };
}
