import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import { createRedisState, type RedisState } from '../../src/adapters/redis/state.ts';
import type { HistoryEntry, LedgerView } from '../../src/ports.ts';
import { freePort } from '../../src/testbed/dyno-manager/free-port.ts';
import { type DynoManager, startDynoManager } from '../../src/testbed/dyno-manager/manager.ts';
import { type RedisServer, startRedis } from '../../src/testbed/servers/redis-server.ts';
import { APP } from '../integration/actuator/running-actuator.ts';
import { loadBullmq, makeVersionedApp, type VersionedApp } from '../matrix/bullmq-versions.ts';
import { type Actuators, EmbeddedActuators, ServiceActuators } from './actuators.ts';
import type { Evidence } from './checks.ts';
import { startPointRouter } from './point-router.ts';

const REGISTER = new URL('../../src/register.ts', import.meta.url).href;
const WORKER_APP = fileURLToPath(new URL('./worker-app.ts', import.meta.url));
const TOKEN = 'HRKU-chaos-token';
const TARGET = { app: APP, processType: 'worker' };
const LOAD_EVERY_MS = 700;
const LONGEST_JOB_MS = 3_000;
/**
 * Of the job that a dyno has of its own while it is drained: from shorter to longer than key and grace last, and
 * shorter than SIGTERM's 30 s.
 */
const LONG_JOB_MS = { from: 6_000, to: 25_000 };
const GROW_BYTES = 35e6;
const GROW_TIMES = 4;
const BACK_AFTER_MS = 1_000;
const CUT_EVERY_MS = 200;
/** Small, so that little memory is much. */
const SIZE = { name: 'Chaos', memory: 0.21 };
const ACTUATOR_ENV = {
  TIDEMARK_WINDOW: '500ms',
  TIDEMARK_GRACE: '15s',
  TIDEMARK_MIN_UPTIME: '5s',
  TIDEMARK_COOLDOWN: '1s',
  TIDEMARK_MAX_RESTARTS_PER_HOUR: '1000',
};
const LEDGER_POLICY = { cooldownMs: 1_000, maxRestartsPerHour: 1_000, holdMs: 20_000 };

/** Two actuators, or one inside the workers; two Redis servers, two workers under load, the dyno manager: all real. */
export class ChaosWorld {
  readonly manager: DynoManager;
  readonly #random: () => number;
  readonly #queueRedis: RedisServer;
  #stateRedis: RedisServer;
  readonly #state: RedisState;
  readonly #stateClient: Redis;
  readonly #counts: Redis;
  readonly #queues: ReadonlyMap<string, Queue>;
  readonly #actuators: Actuators;
  readonly #router: { url: string; stop(): void };
  readonly #folders: readonly string[];
  readonly #app: VersionedApp;
  readonly #added: string[] = [];
  readonly #bloatedBoots = new Set<string>();
  /** Of ledgers that were emptied since. */
  readonly #pastHistory: HistoryEntry[] = [];
  #loading = true;
  #jobs = 0;
  #kills = 0;

  private constructor(parts: {
    readonly random: () => number;
    readonly version: string;
    readonly app: VersionedApp;
    readonly manager: DynoManager;
    readonly queueRedis: RedisServer;
    readonly stateRedis: RedisServer;
    readonly actuators: Actuators;
    readonly state: RedisState;
    readonly router: { url: string; stop(): void };
    readonly folders: readonly string[];
  }) {
    this.manager = parts.manager;
    this.#random = parts.random;
    this.#queueRedis = parts.queueRedis;
    this.#stateRedis = parts.stateRedis;
    this.#actuators = parts.actuators;
    this.#router = parts.router;
    this.#folders = parts.folders;
    this.#app = parts.app;
    this.#state = parts.state;
    this.#stateClient = new Redis(parts.stateRedis.url, { maxRetriesPerRequest: null });
    this.#counts = new Redis(parts.queueRedis.url);
    this.#stateClient.on('error', () => undefined);
    const names = ['work', 'worker.1', 'worker.2'];
    const connection = { host: '127.0.0.1', port: parts.queueRedis.port };
    const { Queue } = loadBullmq(parts.version);
    this.#queues = new Map(names.map((name) => [name, new Queue(name, { connection })]));
  }

  /**
   * @param version of BullMQ, installed
   * @param isEmbedded the actuators run inside the workers
   */
  static async start(random: () => number, version: string, isEmbedded: boolean): Promise<ChaosWorld> {
    const app = makeVersionedApp(version, [WORKER_APP]);
    const folders = [
      await mkdtemp(join(tmpdir(), 'tidemark-chaos-')),
      await mkdtemp(join(tmpdir(), 'tidemark-chaos-')),
    ];
    const queueRedis = await startRedis();
    const stateRedis = await startRedis({ dir: folders[0] ?? '', appendFsyncAlways: true });
    const ports = [await freePort(), await freePort()];
    const managerPort = await freePort();
    const acting = {
      ...ACTUATOR_ENV,
      REDIS_URL: queueRedis.url,
      TIDEMARK_REDIS_URL: stateRedis.url,
      HEROKU_API_URL: `http://127.0.0.1:${managerPort}`,
      HEROKU_API_TOKEN: TOKEN,
    };
    const embedded = {
      ...acting,
      TIDEMARK_EMBEDDED: 'true',
      TIDEMARK_TARGETS: `${APP}:worker`,
      TIDEMARK_DRY_RUN: 'false',
    };
    const router = await startPointRouter(() => ports.map((port) => `http://127.0.0.1:${port}`));
    const command = [
      process.execPath,
      '--max-semi-space-size=2',
      '--import',
      REGISTER,
      join(app.path, basename(WORKER_APP)),
    ];
    const manager = await startDynoManager({
      token: TOKEN,
      port: managerPort,
      dynoSizes: [SIZE],
      crashDelaysMs: [300],
      apps: [
        {
          name: APP,
          formation: [
            { type: 'worker', quantity: 2, size: SIZE.name, command },
            { type: 'other', command: ['/bin/sleep', '100000'] },
          ],
          env: {
            REDIS_URL: queueRedis.url,
            ...(isEmbedded ? embedded : overHttp(router.url)),
            OTEL_METRIC_EXPORT_INTERVAL: '100',
            OTEL_METRIC_EXPORT_TIMEOUT: '100',
          },
        },
      ],
    });
    // It only looks, on a machine that is kept busy.
    const state = createRedisState({ url: stateRedis.url, policy: LEDGER_POLICY, commandTimeoutMs: 20_000 });
    await state.untilAvailable(10_000);
    const { snapshots } = state;
    const actuators = isEmbedded
      ? new EmbeddedActuators({ queueUrl: queueRedis.url, snapshots, target: TARGET })
      : await ServiceActuators.start(ports.map((port) => ({ ...acting, PORT: String(port) })));
    const world = new ChaosWorld({
      random,
      version,
      app,
      manager,
      queueRedis,
      stateRedis,
      actuators,
      state,
      router,
      folders,
    });
    void world.#load();
    return world;
  }

  ledger(): Promise<LedgerView> {
    return this.#state.ledger.read(TARGET);
  }

  /** Closes the breaker and lifts pauses; after a Redis that was emptied, its hold is waited out by the runs. */
  resume(): Promise<void> {
    return this.#state.ledger.resume(TARGET);
  }

  bootOf(dyno: string): string {
    const found = this.manager.dynos().find(({ name }) => name === dyno);
    if (found === undefined) throw new Error(`there is no ${dyno}`);
    return found.dynoId;
  }

  /** Whether an actuator has watched the boot through its warm-up. */
  isKnown(dyno: string): Promise<boolean> {
    return this.#actuators.knows(this.bootOf(dyno));
  }

  /** What the actuators say of the dyno's boot, for a report. */
  lastDecision(dyno: string): Promise<string> {
    return this.#actuators.sayOf(this.bootOf(dyno));
  }

  /** Whether a restart of the boot was begun, be it over by now or not. */
  async wasClaimed(bootId: string): Promise<boolean> {
    const { open } = await this.ledger();
    return open?.bootId === bootId || (await this.history()).some((entry) => entry.bootId === bootId);
  }

  /** Keeps the drain waiting: without it most are over before anything breaks. */
  async addLongJob(dyno: string): Promise<void> {
    const { from, to } = LONG_JOB_MS;
    await this.#add(dyno, 'long', { ms: Math.floor(from + this.#random() * (to - from)) });
  }

  async grow(dyno: string): Promise<void> {
    this.#bloatedBoots.add(this.bootOf(dyno));
    for (let count = 0; count < GROW_TIMES; count++) {
      await this.#add(dyno, 'grow', { bytes: GROW_BYTES, ms: 100 });
      await delay(300);
    }
    // Where the platform gave it another boot meanwhile, that has the rest.
    this.#bloatedBoots.add(this.bootOf(dyno));
  }

  /**
   * Whether each of the dyno's workers takes and finishes a job within the time: of its own queue, and of the common
   * one.
   */
  async works(dyno: string, withinMs: number): Promise<boolean> {
    const commonJobs = async () => Number((await this.#counts.hget('done-by', `${dyno}/work`)) ?? 0);
    const before = await commonJobs();
    const id = await this.#add(dyno, 'probe', { ms: 0 });
    return until(async () => (await this.#counts.hget('done', id)) !== null && (await commonJobs()) > before, withinMs);
  }

  areActuatorsUp(): Promise<boolean> {
    return this.#actuators.areUp();
  }

  killActuators(count: number, forMs = BACK_AFTER_MS): Promise<void> {
    return this.#actuators.kill(Math.floor(this.#random() * 2), count, forMs);
  }

  stopActuators(count: number, forMs: number): Promise<void> {
    return this.#actuators.stop(Math.floor(this.#random() * 2), count, forMs);
  }

  async stopWorker(dyno: string, forMs: number): Promise<void> {
    const pid = this.#pidOf(dyno);
    signal(pid, 'SIGSTOP');
    await delay(forMs);
    signal(pid, 'SIGCONT');
  }

  signalWorker(dyno: string, name: NodeJS.Signals): void {
    if (name === 'SIGKILL') this.#kills += 1;
    signal(this.#pidOf(dyno), name);
  }

  /** Whatever their names are. */
  async deleteDrainKeys(): Promise<void> {
    const keys = await this.#counts.keys('tidemark:drain:*');
    if (keys.length > 0) await this.#counts.del(...keys);
  }

  async killStateRedis(): Promise<void> {
    const { port, dir } = this.#stateRedis;
    await this.#stateRedis.kill();
    await delay(BACK_AFTER_MS);
    this.#stateRedis = await startRedis({ port, dir, appendFsyncAlways: true });
  }

  async emptyStateRedis(): Promise<void> {
    await this.#stateClient.flushall();
  }

  async pauseStateRedis(forMs: number): Promise<void> {
    await this.#stateClient.client('PAUSE', forMs, 'ALL');
  }

  /** It accepts connections, and answers nothing. */
  async stopStateRedis(forMs: number): Promise<void> {
    const { pid } = this.#stateRedis;
    signal(pid, 'SIGSTOP');
    await delay(forMs);
    signal(pid, 'SIGCONT');
  }

  /** Again and again, whoever connects. */
  async cutStateConnections(forMs: number): Promise<void> {
    const endsMs = performance.now() + forMs;
    while (performance.now() < endsMs) {
      await this.#stateClient.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
      await delay(CUT_EVERY_MS);
    }
  }

  /** Of all that closed, newest first; what a Redis lost was kept by `keepHistory`. */
  async history(): Promise<readonly HistoryEntry[]> {
    const { history } = await this.ledger();
    const known = new Set(history.map(({ attemptId }) => attemptId));
    return [...history, ...this.#pastHistory.filter(({ attemptId }) => !known.has(attemptId))];
  }

  async keepHistory(): Promise<void> {
    const known = new Set(this.#pastHistory.map(({ attemptId }) => attemptId));
    const { history } = await this.ledger();
    this.#pastHistory.unshift(...history.filter(({ attemptId }) => !known.has(attemptId)));
  }

  /** Adds no more jobs, and waits until all are done. */
  async settle(withinMs: number): Promise<Evidence> {
    this.#loading = false;
    await until(async () => (await this.#counts.hlen('done')) >= this.#added.length, withinMs);
    const failed = await Promise.all([...this.#queues.values()].map((queue) => queue.getFailedCount()));
    const done = Object.entries(await this.#counts.hgetall('done')).map(([id, times]) => [id, Number(times)] as const);
    return {
      log: this.manager.log,
      deletedPaths: this.manager.requests.filter(({ method }) => method === 'DELETE').map(({ path }) => path),
      history: await this.history(),
      done: new Map(done),
      added: this.#added,
      failed: failed.reduce((total, count) => total + count, 0),
      stalled: await this.#counts.hkeys('stalled'),
      kills: this.#kills,
      bloatedBoots: this.#bloatedBoots,
    };
  }

  async stop(): Promise<void> {
    this.#loading = false;
    await this.manager.stop();
    await this.#actuators.end();
    this.#router.stop();
    for (const queue of this.#queues.values()) await queue.close();
    this.#counts.disconnect();
    this.#stateClient.disconnect();
    await this.#state.close();
    await this.#queueRedis.stop();
    await this.#stateRedis.stop();
    this.#app.remove();
    for (const folder of this.#folders) await rm(folder, { recursive: true, force: true });
  }

  async #load(): Promise<void> {
    while (this.#loading) {
      await this.#add('work', 'work', { ms: 100 + Math.floor(this.#random() * LONGEST_JOB_MS) });
      await delay(LOAD_EVERY_MS);
    }
  }

  async #add(queue: string, name: string, data: object): Promise<string> {
    this.#jobs += 1;
    const jobId = `${name}-${this.#jobs}`;
    this.#added.push(`${queue}/${jobId}`);
    await this.#queues.get(queue)?.add(name, data, { jobId });
    return `${queue}/${jobId}`;
  }

  #pidOf(dyno: string): number {
    return this.manager.dynos().find(({ name }) => name === dyno)?.pid ?? 0;
  }
}

function overHttp(url: string) {
  return {
    OTEL_EXPORTER_OTLP_ENDPOINT: url,
    OTEL_EXPORTER_OTLP_HEADERS: 'Authorization=Bearer%20ingest-t0ken',
  };
}

/** Whether the condition comes true within the time. */
export async function until(condition: () => Promise<boolean>, withinMs: number): Promise<boolean> {
  const deadline = performance.now() + withinMs;
  while (performance.now() < deadline) {
    if (await condition().catch(() => false)) return true;
    await delay(100);
  }
  return false;
}

function signal(pid: number, name: NodeJS.Signals): void {
  if (pid === 0) return;
  try {
    process.kill(pid, name);
  } catch (error) {
    // It has ended meanwhile.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
