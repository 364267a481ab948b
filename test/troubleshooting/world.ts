import { setTimeout as delay } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { type DynoManager, startDynoManager } from '../../src/testbed/dyno-manager/manager.ts';
import { type RedisServer, startRedis } from '../../src/testbed/servers/redis-server.ts';
import { RunningActuator, runCli } from '../integration/actuator/running-actuator.ts';

/** Real parts in one state of a set-up, and what each of them says in it. */

const TOKEN = 'HRKU-troubleshooting';
const ADMIN_TOKEN = 'admin-t0ken';
const INGEST_TOKEN = 'ingest-t0ken';
const IDLE = ['/bin/sleep', '100000'];
const MIB = 1024 ** 2;
const HISTORY_S = 25;
const STEP_MS = 100;

export const PLACES = ["worker's output", "actuator's log", 'status', 'doctor', '/readyz', 'its own output'] as const;
export type Place = (typeof PLACES)[number];
/** What is said in a place just now. */
export type Said = Partial<Record<Place, () => Promise<string>>>;
export type Environment = Readonly<Record<string, string>>;

type Cleanups = (() => unknown)[];

/** Belongs to one mistake: removed before the next one is made. */
const own: Cleanups = [];
/** Belongs to several mistakes. */
const shared: Cleanups = [];
let current = own;

export function later(cleanup: () => unknown): void {
  current.push(cleanup);
}

export async function cleanUp(what: 'own' | 'all'): Promise<void> {
  for (const cleanup of own.splice(0).reverse()) await cleanup();
  if (what === 'own') return;
  for (const cleanup of shared.splice(0).reverse()) await cleanup();
}

/**
 * Made at the first call, and kept. Mistakes are made one after the other, so whatever opens during that call belongs
 * to it.
 */
export function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | null = null;
  const makeShared = async () => {
    const before = current;
    current = shared;
    try {
      return await make();
    } finally {
      current = before;
    }
  };
  return () => (made ??= makeShared());
}

export const platform = once(async (): Promise<DynoManager> => {
  const manager = await startDynoManager({
    token: TOKEN,
    dynoSizes: [{ name: 'Mystery', memory: null as never }],
    apps: [
      {
        name: 'shop',
        formation: [
          { type: 'worker', quantity: 2, command: IDLE },
          { type: 'mailer', quantity: 1, command: IDLE },
        ],
      },
      { name: 'odd', formation: [{ type: 'worker', quantity: 2, size: 'Mystery', command: IDLE }] },
      { name: 'tidemark', formation: [{ type: 'web', quantity: 2, command: IDLE }] },
    ],
  });
  later(() => manager.stop());
  return manager;
});

export async function redisServer(...extraArgs: readonly string[]): Promise<RedisServer> {
  const server = await startRedis({ extraArgs });
  later(() => server.stop());
  return server;
}

export class World {
  readonly env: Environment;
  readonly actuator: RunningActuator;

  private constructor(env: Environment, actuator: RunningActuator) {
    this.env = env;
    this.actuator = actuator;
  }

  /** An actuator in a set-up that is in order, but for what `changes` says; an empty value takes a variable away. */
  static async start(changes: Environment = {}, redisUrl?: string): Promise<World> {
    const given: Environment = {
      REDIS_URL: redisUrl ?? (await redisServer()).url,
      HEROKU_API_URL: (await platform()).url,
      HEROKU_API_TOKEN: TOKEN,
      TIDEMARK_TARGETS: 'shop:worker',
      TIDEMARK_DRY_RUN: 'false',
      TIDEMARK_WINDOW: '500ms',
      TIDEMARK_GRACE: '0s',
      TIDEMARK_INGEST_TOKENS: `shop=${INGEST_TOKEN},odd=${INGEST_TOKEN}`,
      TIDEMARK_ADMIN_TOKEN: ADMIN_TOKEN,
      ...changes,
    };
    const actuator = await RunningActuator.start(given);
    later(() => actuator.stop());
    return new World(given, actuator);
  }

  /** Runs `tidemark doctor` as the actuator is set up. */
  async doctor(changes: Environment = {}): Promise<string> {
    return (await runCli(['doctor', '--url', this.actuator.url], { ...this.env, ...changes })).stdout;
  }

  said(): Said {
    return {
      "actuator's log": async () => this.actuator.lines.map(wordsOf).join('\n'),
      status: async () => (await this.actuator.cli('status')).stdout,
      doctor: () => this.doctor(),
      '/readyz': async () => (await fetch(`${this.actuator.url}/readyz`)).text(),
    };
  }

  /** Sends a request to the actuator's receiver; the status of the answer. */
  async post(body: unknown, headers: Environment = {}, path = '/v1/metrics'): Promise<number> {
    const json = { 'content-type': 'application/json', authorization: `Bearer ${INGEST_TOKEN}` };
    const init = { method: 'POST', headers: { ...json, ...headers }, body: JSON.stringify(body) };
    const response = await fetch(`${this.actuator.url}${path}`, init);
    await response.arrayBuffer();
    return response.status;
  }

  /** What a dyno did in the last 25 seconds, and then what it does now, until the end of the tests. */
  async report(from: Reporter): Promise<void> {
    const startMs = Date.now() - HISTORY_S * 1000;
    const usageAt = (timeMs: number) => from.usageMb((timeMs - startMs) / 1000);
    const times = Array.from({ length: (HISTORY_S * 1000) / STEP_MS }, (_, index) => startMs + index * STEP_MS);
    // Not taken while the actuator reads its state back.
    while ((await this.post(measurements(from, times, usageAt))) !== 200) await delay(STEP_MS);
    const timer = setInterval(() => {
      this.post(measurements(from, [Date.now()], usageAt)).catch(() => undefined);
    }, STEP_MS);
    later(() => clearInterval(timer));
  }

  async redis<T>(use: (redis: Redis) => Promise<T>): Promise<T> {
    const redis = new Redis(this.env.REDIS_URL ?? '');
    try {
      return await use(redis);
    } finally {
      redis.disconnect();
    }
  }
}

/** A line of the log as a person reads it: what is said, and what to do. */
function wordsOf(line: string): string {
  const { msg, advice } = JSON.parse(line) as { msg?: string; advice?: string };
  return advice === undefined ? `${msg}` : `${msg} -> ${advice}`;
}

export interface Reporter {
  readonly app: string;
  readonly dyno: string;
  /** Null: the resource says of no dyno. */
  readonly id: string | null;
  /** The quota, where the dyno knows it. */
  readonly limitMb?: number | null;
  readonly usageMb: (second: number) => number;
}

/** What a worker's instrumentation would send. */
export function measurements(
  { app, dyno, id, limitMb = null }: Omit<Reporter, 'usageMb'>,
  timesMs: readonly number[],
  usageMbAt: (timeMs: number) => number = () => 100,
): unknown {
  const attribute = (key: string, stringValue: string) => ({ key, value: { stringValue } });
  const ofDyno =
    id === null
      ? []
      : [
          attribute('heroku.dyno.name', dyno),
          attribute('heroku.dyno.id', id),
          attribute('heroku.process.type', dyno.split('.')[0] ?? ''),
          attribute('tidemark.dyno.id.source', 'platform'),
        ];
  const attributes = [attribute('service.instance.id', `of-${dyno}`), attribute('heroku.app.name', app), ...ofDyno];
  const dataPoints = timesMs.map((timeMs) => ({
    timeUnixNano: `${Math.round(timeMs)}000000`,
    asInt: String(Math.round(usageMbAt(timeMs) * MIB)),
    attributes: [attribute('tidemark.memory.state', 'resident')],
  }));
  const sum = { aggregationTemporality: 2, isMonotonic: false, dataPoints };
  const limits = timesMs.map((timeMs) => ({
    timeUnixNano: `${Math.round(timeMs)}000000`,
    asInt: String((limitMb ?? 0) * MIB),
  }));
  const usage = { name: 'tidemark.dyno.memory.usage', unit: 'By', sum };
  const limit = { name: 'tidemark.dyno.memory.limit', unit: 'By', sum: { ...sum, dataPoints: limits } };
  const metrics = limitMb === null ? [usage] : [usage, limit];
  return { resourceMetrics: [{ resource: { attributes }, scopeMetrics: [{ scope: { name: 'tidemark' }, metrics }] }] };
}
