import type { LogEntry } from '../../testbed/dyno-manager/event-log.ts';
import { type DynoManager, startDynoManager } from '../../testbed/dyno-manager/manager.ts';
import { findCollector } from '../../testbed/servers/collector-binary.ts';
import { ActuatorClient } from '../actuator/actuator-client.ts';
import { ActuatorProcess } from '../actuator/actuator-process.ts';
import { EmbeddedActuator } from '../actuator/embedded-actuator.ts';
import { JobQueues, loadBullmq } from '../job-queues.ts';
import { importQueueOf } from '../jobs/job.ts';
import type { JobTally } from '../jobs/tally.ts';
import { BLOATING_DYNOS, MAILER_TYPE, STOP_GRACE_MS, WORKER_TYPE } from '../plan.ts';
import { actuatorEnv, appOf, embeddedEnv, newRun, type Run, sendingTo } from './demo-settings.ts';
import { type DemoCollector, startOwnCollector } from './own-collector.ts';
import { type DemoRedis, startOwnRedis } from './own-redis.ts';
import { borrowRedis } from './shared-redis.ts';

/** A dyno that is killed from outside comes back after this long. */
const CRASH_DELAYS_MS = [500];

export interface DemoEnvironmentOptions {
  /** A Redis to use; null: start one. */
  readonly redisUrl: string | null;
  /** The actuator runs inside the workers. */
  readonly isEmbedded: boolean;
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

type Release = () => Promise<unknown>;

/**
 * Starts Redis, Collector (if built), dyno manager with its dynos, actuator and queues. With the actuator inside the
 * workers there is no Collector and no process for the actuator. If one fails, those before it are stopped again.
 */
export async function startEnvironment(options: DemoEnvironmentOptions): Promise<DemoEnvironment> {
  const releases: Release[] = [];
  const stop = () => releaseAll(releases.splice(0).reverse());
  try {
    await loadBullmq();
    const run = await newRun();
    const redis = await findRedis(options, run.id);
    releases.push(() => redis.stop());
    const start = { run, redisUrl: redis.url, options, releases };
    const parts = options.isEmbedded ? await startEmbedded(start) : await startService(start);
    const queues = await JobQueues.open([WORKER_TYPE, MAILER_TYPE, ...BLOATING_DYNOS.map(importQueueOf)], {
      url: redis.url,
      prefix: run.id,
      tally: options.tally,
    });
    releases.push(() => queues.close());
    return { ...parts, pageUrl: `${localUrl(run.port)}/`, queues, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

interface Start {
  readonly run: Run;
  readonly redisUrl: string;
  readonly options: DemoEnvironmentOptions;
  /** What was started, in this order. */
  readonly releases: Release[];
}

type ActingParts = Pick<DemoEnvironment, 'manager' | 'client' | 'way' | 'actuatorLines'>;

/** The actuator is a process of its own, and a Collector stands before it if one was built. */
async function startService({ run, redisUrl, options, releases }: Start): Promise<ActingParts> {
  const collector = await ownCollector(run, options);
  if (collector !== null) releases.push(() => collector.stop());
  const actuatorUrl = localUrl(run.port);
  const env = sendingTo(collector?.url ?? actuatorUrl, run);
  const manager = await startManager(run, appOf(run, redisUrl, env), options);
  releases.push(() => manager.stop(STOP_GRACE_MS));
  const actuator = new ActuatorProcess({
    env: actuatorEnv(run, redisUrl),
    onReturn: options.onReturn,
    onLoss: options.onLoss,
    onStart: (pid) => {
      if (pid !== null) options.onProcess('actuator', pid);
    },
  });
  releases.push(() => actuator.stop());
  const address = { base: new URL(actuatorUrl), adminToken: null };
  return {
    manager,
    client: new ActuatorClient(async () => address),
    way: collector === null ? WAYS.straight : WAYS.throughCollector,
    actuatorLines: () => actuator.lastLines,
  };
}

/** One worker of each process type runs the actuator. */
async function startEmbedded({ run, redisUrl, options, releases }: Start): Promise<ActingParts> {
  const env = embeddedEnv(run);
  const actuator = new EmbeddedActuator({ redisUrl, env, pagePort: run.port });
  releases.push(() => actuator.stop());
  const manager = await startManager(run, appOf(run, redisUrl, env), {
    ...options,
    onOutput: (line, from) => {
      if (!actuator.takes(line, from.dyno)) options.onOutput(line, from);
    },
  });
  releases.push(() => manager.stop(STOP_GRACE_MS));
  return {
    manager,
    client: new ActuatorClient(() => actuator.address()),
    way: WAYS.embedded,
    actuatorLines: () => actuator.lastLines,
  };
}

function startManager(
  run: Run,
  app: ReturnType<typeof appOf>,
  { onManager, onOutput }: Pick<DemoEnvironmentOptions, 'onManager' | 'onOutput'>,
): Promise<DynoManager> {
  return startDynoManager({
    apps: [app],
    token: run.herokuToken,
    port: run.herokuPort,
    crashDelaysMs: CRASH_DELAYS_MS,
    log: onManager,
    output: onOutput,
  });
}

function localUrl(port: number): string {
  return `http://127.0.0.1:${port}`;
}

const WAYS = {
  throughCollector: 'Measurements go from the workers to the OpenTelemetry Collector, and from there to the actuator.',
  straight:
    'Measurements go from the workers straight to the actuator (after "npm run build:collector": ' +
    'through the OpenTelemetry Collector).',
  embedded:
    'One worker of each process type runs the actuator in a thread: it reads the measurements of all from Redis, ' +
    'and may restart the dyno that it runs in.',
};

/** Releases all, even if some fail; then throws the first error. */
async function releaseAll(releases: readonly (() => Promise<unknown>)[]): Promise<void> {
  const errors: unknown[] = [];
  for (const release of releases) await release().catch((error: unknown) => errors.push(error));
  if (errors.length > 0) throw errors[0];
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
    actuatorUrl: localUrl(run.port),
    onStart: (pid) => options.onProcess('collector', pid),
    onReturn: options.onReturn,
    onLoss: options.onLoss,
  });
}
