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
import { APP, RunningActuator } from '../integration/actuator/running-actuator.ts';
import { loadBullmq, makeVersionedApp, type VersionedApp } from '../matrix/bullmq-versions.ts';
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
/** What the detector gives a boot's warm-up at most: 30 windows. */
const WARMED_UP_MS = 16_000;
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

/** Two actuators, two Redis servers, two workers under load, and the dyno manager: all of them real processes. */
export class ChaosWorld {
  readonly manager: DynoManager;
  readonly #random: () => number;
  readonly #queueRedis: RedisServer;
  #stateRedis: RedisServer;
  readonly #state: RedisState;
  readonly #stateClient: Redis;
  readonly #counts: Redis;
  readonly #queues: ReadonlyMap<string, Queue>;
  readonly #actuatorEnvs: readonly Readonly<Record<string, string>>[];
  readonly #actuators: (RunningActuator | null)[] = [];
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
    readonly actuatorEnvs: readonly Readonly<Record<string, string>>[];
    readonly router: { url: string; stop(): void };
    readonly folders: readonly string[];
  }) {
    this.manager = parts.manager;
    this.#random = parts.random;
    this.#queueRedis = parts.queueRedis;
    this.#stateRedis = parts.stateRedis;
    this.#actuatorEnvs = parts.actuatorEnvs;
    this.#router = parts.router;
    this.#folders = parts.folders;
    this.#app = parts.app;
    this.#state = createRedisState({ url: parts.stateRedis.url, policy: LEDGER_POLICY });
    this.#stateClient = new Redis(parts.stateRedis.url, { maxRetriesPerRequest: null });
    this.#counts = new Redis(parts.queueRedis.url);
    this.#stateClient.on('error', () => undefined);
    const names = ['work', 'worker.1', 'worker.2'];
    const connection = { host: '127.0.0.1', port: parts.queueRedis.port };
    const { Queue } = loadBullmq(parts.version);
    this.#queues = new Map(names.map((name) => [name, new Queue(name, { connection })]));
  }

  /** @param version of BullMQ, installed */
  static async start(random: () => number, version: string): Promise<ChaosWorld> {
    const app = makeVersionedApp(version, [WORKER_APP]);
    const folders = [
      await mkdtemp(join(tmpdir(), 'tidemark-chaos-')),
      await mkdtemp(join(tmpdir(), 'tidemark-chaos-')),
    ];
    const queueRedis = await startRedis();
    const stateRedis = await startRedis({ dir: folders[0] ?? '', appendFsyncAlways: true });
    const ports = [await freePort(), await freePort()];
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
            OTEL_EXPORTER_OTLP_ENDPOINT: router.url,
            OTEL_EXPORTER_OTLP_HEADERS: 'Authorization=Bearer%20ingest-t0ken',
            OTEL_METRIC_EXPORT_INTERVAL: '100',
            OTEL_METRIC_EXPORT_TIMEOUT: '100',
          },
        },
      ],
    });
    const actuatorEnvs = ports.map((port) => ({
      ...ACTUATOR_ENV,
      PORT: String(port),
      REDIS_URL: queueRedis.url,
      TIDEMARK_REDIS_URL: stateRedis.url,
      HEROKU_API_URL: manager.url,
      HEROKU_API_TOKEN: TOKEN,
    }));
    const world = new ChaosWorld({
      random,
      version,
      app,
      manager,
      queueRedis,
      stateRedis,
      actuatorEnvs,
      router,
      folders,
    });
    await world.#state.untilAvailable(10_000);
    for (const index of actuatorEnvs.keys()) await world.#startActuator(index);
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

  /** Whether an actuator has watched the boot through its warm-up: growth before that would count as what it needs. */
  async isKnown(dyno: string): Promise<boolean> {
    const bootId = this.bootOf(dyno);
    for (const actuator of this.#actuators) {
      const answer = (await actuator?.get('/api/dynos').catch(() => null)) as DynosAnswer | null | undefined;
      const row = answer?.dynos?.find((one) => one.boot_id === bootId);
      if (row === undefined || row.class === 'warming') continue;
      if (row.last_point_ms - row.first_point_ms > WARMED_UP_MS) return true;
    }
    return false;
  }

  /** What the actuators say of the dyno's boot, for a report. */
  async lastDecision(dyno: string): Promise<string> {
    const bootId = this.bootOf(dyno);
    const said: string[] = [];
    for (const actuator of this.#actuators) {
      const answer = (await actuator?.get('/api/dynos').catch(() => null)) as DynosAnswer | null | undefined;
      const row = answer?.dynos?.find((one) => one.boot_id === bootId);
      said.push(row === undefined ? 'unknown' : JSON.stringify(row));
    }
    return said.join(' | ');
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

  async areActuatorsUp(): Promise<boolean> {
    const answers = await Promise.all(this.#actuators.map((one) => one?.get('/readyz').catch(() => null)));
    return answers.every((answer) => answer !== null && answer !== undefined);
  }

  async killActuators(count: number, forMs = BACK_AFTER_MS): Promise<void> {
    const first = Math.floor(this.#random() * this.#actuatorEnvs.length);
    const indexes = Array.from({ length: count }, (_, index) => (first + index) % this.#actuatorEnvs.length);
    for (const index of indexes) {
      await this.#actuators[index]?.kill();
      this.#actuators[index] = null;
    }
    await delay(forMs);
    for (const index of indexes) await this.#startActuator(index);
  }

  async stopActuators(count: number, forMs: number): Promise<void> {
    const first = Math.floor(this.#random() * this.#actuatorEnvs.length);
    const chosen = Array.from({ length: count }, (_, index) => this.#actuators[(first + index) % 2]);
    for (const actuator of chosen) actuator?.signal('SIGSTOP');
    await delay(forMs);
    for (const actuator of chosen) actuator?.signal('SIGCONT');
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
    for (const actuator of this.#actuators) {
      actuator?.signal('SIGCONT');
      await actuator?.kill();
    }
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

  async #startActuator(index: number): Promise<void> {
    const env = this.#actuatorEnvs[index];
    if (env !== undefined) this.#actuators[index] = await RunningActuator.start(env);
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

interface DynosAnswer {
  readonly dynos?: readonly {
    readonly boot_id: string;
    readonly class: string;
    readonly first_point_ms: number;
    readonly last_point_ms: number;
  }[];
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
