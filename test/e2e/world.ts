import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Queue } from 'bullmq';
import { freePort } from '../../src/testbed/dyno-manager/free-port.ts';
import { type DynoManager, type ManagedDyno, startDynoManager } from '../../src/testbed/dyno-manager/manager.ts';
import { type CollectorOptions, type RunningCollector, startCollector } from '../../src/testbed/servers/collector.ts';
import { findCollector } from '../../src/testbed/servers/collector-binary.ts';
import { APP, RunningActuator } from '../integration/actuator/running-actuator.ts';
import { type RunningPrometheus, startPrometheus } from './prometheus.ts';

const REGISTER = new URL('../../src/register.ts', import.meta.url).href;
const WORKER_APP = fileURLToPath(new URL('./worker-app.ts', import.meta.url));
const HEROKU_TOKEN = 'HRKU-e2e-token';
const INGEST_TOKEN = 'collector-t0ken';
const ACTUATOR_TOKEN = 'from-the-collector';
/** What workers export every second of these runs; the window is five of them. */
const EXPORT_INTERVAL_MS = 1_000;

export interface WorldOptions {
  readonly redisUrl: string;
  readonly dynos: number;
  /** Of the actuator, over those for a window of 5 s. */
  readonly actuatorEnv?: Readonly<Record<string, string>>;
  readonly workerEnv?: Readonly<Record<string, string>>;
  /** Where the Collector sends; default: the actuator. Told the actuator's address. */
  readonly collectorSendsTo?: (actuatorUrl: string) => Promise<string>;
  readonly collectorOverlays?: readonly string[];
  /** Where workers send; default: the Collector. Told the Collector's address. */
  readonly workersSendTo?: (collectorUrl: string) => Promise<string>;
  /** Where the actuator sends its own metrics; default: the Collector. */
  readonly actuatorSendsTo?: (collectorUrl: string) => Promise<string>;
}

/**
 * Real workers as dynos -> real Collector -> real Prometheus, and the actuator, which restarts through the dyno
 * manager.
 */
export class World {
  readonly manager: DynoManager;
  readonly prometheus: RunningPrometheus;
  collector: RunningCollector;
  actuator: RunningActuator;
  readonly #queues: ReadonlyMap<string, Queue>;
  readonly #collectorOptions: CollectorOptions;
  readonly #actuatorEnv: Readonly<Record<string, string>>;

  private constructor(parts: {
    readonly manager: DynoManager;
    readonly prometheus: RunningPrometheus;
    readonly queues: ReadonlyMap<string, Queue>;
    readonly collector: RunningCollector;
    readonly collectorOptions: CollectorOptions;
    readonly actuator: RunningActuator;
    readonly actuatorEnv: Readonly<Record<string, string>>;
  }) {
    this.manager = parts.manager;
    this.prometheus = parts.prometheus;
    this.#queues = parts.queues;
    this.collector = parts.collector;
    this.actuator = parts.actuator;
    this.#collectorOptions = parts.collectorOptions;
    this.#actuatorEnv = parts.actuatorEnv;
  }

  static async start(options: WorldOptions): Promise<World> {
    const binary = await findCollector();
    if (binary === null) throw new Error('The Collector is not built: run "npm run build:collector".');
    const queueDir = await mkdtemp(join(tmpdir(), 'tidemark-queue-'));
    const actuatorPort = await freePort();
    const managerPort = await freePort();
    const actuatorUrl = `http://127.0.0.1:${actuatorPort}`;
    const collectorOptions: CollectorOptions = {
      binary,
      ingestToken: INGEST_TOKEN,
      actuatorToken: ACTUATOR_TOKEN,
      actuatorUrl: (await options.collectorSendsTo?.(actuatorUrl)) ?? actuatorUrl,
      overlays: options.collectorOverlays ?? [],
      queueDir,
    };
    const collector = await startCollector(collectorOptions);
    const prefix = `e2e-${actuatorPort}`;
    const names = Array.from({ length: options.dynos }, (_, index) => `worker.${index + 1}`);
    const actuatorEnv = {
      PORT: String(actuatorPort),
      REDIS_URL: options.redisUrl,
      HEROKU_API_URL: `http://127.0.0.1:${managerPort}`,
      HEROKU_API_TOKEN: HEROKU_TOKEN,
      TIDEMARK_WINDOW: '5s',
      TIDEMARK_MAX_POINT_AGE: '10s',
      TIDEMARK_INGEST_TOKENS: `*=${ACTUATOR_TOKEN}`,
      OTEL_EXPORTER_OTLP_ENDPOINT: (await options.actuatorSendsTo?.(collector.url)) ?? collector.url,
      OTEL_EXPORTER_OTLP_HEADERS: `Authorization=Bearer%20${INGEST_TOKEN}`,
      OTEL_METRIC_EXPORT_INTERVAL: String(EXPORT_INTERVAL_MS),
      OTEL_METRIC_EXPORT_TIMEOUT: String(EXPORT_INTERVAL_MS),
      ...options.actuatorEnv,
    };
    const prometheus = await startPrometheus(collector.ports.prometheus);
    const actuator = await RunningActuator.start(actuatorEnv);
    // Last: a dyno that the actuator first sees 5 windows after its start counts as old, and its own floor is then
    // unknown.
    const manager = await startDynoManager({
      port: managerPort,
      token: HEROKU_TOKEN,
      apps: [
        {
          name: APP,
          formation: [
            { type: 'worker', quantity: options.dynos, command: [process.execPath, '--import', REGISTER, WORKER_APP] },
          ],
          env: {
            REDIS_URL: options.redisUrl,
            QUEUE_PREFIX: prefix,
            OTEL_EXPORTER_OTLP_ENDPOINT: (await options.workersSendTo?.(collector.url)) ?? collector.url,
            OTEL_EXPORTER_OTLP_HEADERS: `Authorization=Bearer%20${INGEST_TOKEN}`,
            OTEL_METRIC_EXPORT_INTERVAL: String(EXPORT_INTERVAL_MS),
            OTEL_METRIC_EXPORT_TIMEOUT: String(EXPORT_INTERVAL_MS),
            ...options.workerEnv,
          },
        },
      ],
    });
    return new World({
      manager,
      collector,
      collectorOptions: { ...collectorOptions, ports: collector.ports },
      prometheus,
      queues: new Map(
        names
          .flatMap((name) => [name, `${name}-boxed`])
          .map((name) => [name, new Queue(name, { connection: { url: options.redisUrl }, prefix })]),
      ),
      actuator,
      actuatorEnv,
    });
  }

  /** The actuator comes back on its old port. */
  async startActuator(): Promise<void> {
    this.actuator = await RunningActuator.start(this.#actuatorEnv);
  }

  /** The Collector comes back on its old ports, with its old queue. */
  async startCollector(): Promise<void> {
    this.collector = await startCollector(this.#collectorOptions);
  }

  /** The queue that only this dyno takes jobs from; `boxed`: the one of its sandboxed processor. */
  queueOf(dyno: string, kind: 'plain' | 'boxed' = 'plain'): Queue {
    const queue = this.#queues.get(kind === 'boxed' ? `${dyno}-boxed` : dyno);
    if (queue === undefined) throw new Error(`there is no dyno ${dyno}`);
    return queue;
  }

  dyno(name: string): ManagedDyno {
    const found = this.manager.dynos().find((dyno) => dyno.name === name);
    if (found === undefined) throw new Error(`there is no dyno ${name}`);
    return found;
  }

  async stop(): Promise<void> {
    for (const queue of this.#queues.values()) await queue.close();
    await this.manager.stop();
    await this.actuator.stop();
    await this.prometheus.stop();
    await this.collector.stop();
    await rm(this.#collectorOptions.queueDir, { recursive: true, force: true });
  }
}
