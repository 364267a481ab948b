import { setTimeout as delay } from 'node:timers/promises';
import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import { createRedisState } from '../../src/adapters/redis/state.ts';
import { APP } from '../../test/integration/actuator/running-actuator.ts';
import { type Setting, startSetting, until } from './setting.ts';

const SHORTEST_MS = 100;
const LONGEST_MS = 60_000;
/** Of each dyno: enough that its four places are always taken. */
const WAITING = 8;
const LEDGER_POLICY = { cooldownMs: 1_000, maxRestartsPerHour: 1_000, holdMs: 0 };

export interface DrainedOptions {
  readonly restarts: number;
  readonly dynos: number;
  readonly seed: number;
}

export interface DrainedResult {
  readonly restarts: number;
  readonly outcomes: Readonly<Record<string, number>>;
  readonly jobs: number;
  /** Jobs that were not started once and finished once. */
  readonly notOnce: number;
  readonly failed: number;
  /** From the claim to `sending`. */
  readonly drainSeconds: readonly number[];
}

export async function drainedRestarts({ restarts, dynos, seed }: DrainedOptions): Promise<DrainedResult> {
  const types = Array.from({ length: dynos }, (_, index) => `w${index + 1}`);
  const env = { TIDEMARK_GRACE: '120s', TIDEMARK_WINDOW: '5s', TIDEMARK_COOLDOWN: '1s' };
  const setting = await startSetting({ types, actuators: 1, env, exportEveryMs: 2_000 });
  const load = new Load(setting, types, seed);
  try {
    const rounds = Math.ceil(restarts / dynos);
    await load.start();
    const ended = await Promise.all(types.map((type) => restartRepeatedly(setting, type, rounds)));
    await load.finish();
    const all = ended.flat();
    const outcomes: Record<string, number> = {};
    for (const { outcome } of all) outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
    return { restarts: all.length, outcomes, ...(await load.counts()), drainSeconds: all.map((one) => one.seconds) };
  } finally {
    load.stop();
    await setting.stop();
  }
}

interface Ended {
  readonly outcome: string;
  readonly seconds: number;
}

async function restartRepeatedly(setting: Setting, type: string, rounds: number): Promise<readonly Ended[]> {
  const [actuator] = setting.actuators;
  if (actuator === undefined) throw new Error('there is no actuator');
  const dyno = `${type}.1`;
  const state = createRedisState({ url: setting.redis.url, policy: LEDGER_POLICY });
  await state.untilAvailable(10_000);
  const ended: Ended[] = [];
  try {
    for (let round = 1; round <= rounds; round++) {
      const bootId = setting.manager.dynos().find(({ name }) => name === dyno)?.dynoId;
      await until(`${dyno} is known`, async () => {
        const { dynos } = (await actuator.get('/api/dynos')) as { dynos: readonly { boot_id: string }[] };
        return dynos.some((row) => row.boot_id === bootId);
      });
      // On a machine this busy the platform may not answer in time; then it is asked again, as a person would.
      await until(`${dyno} may be restarted`, async () => {
        return (await actuator.post(`/api/dynos/${APP}/${dyno}/restart`)) === 202;
      });
      const claimedAtMs = Date.now();
      const target = { app: APP, processType: type };
      await until(`${dyno} is restarted`, async () => (await state.ledger.read(target)).history.length >= round);
      const [newest] = (await state.ledger.read(target)).history;
      const sentAtMs = newest?.sendingAtMs ?? newest?.closedAtMs ?? claimedAtMs;
      ended.push({ outcome: newest?.outcome ?? 'none', seconds: Math.max(0, sentAtMs - claimedAtMs) / 1000 });
    }
    return ended;
  } finally {
    await state.close();
  }
}

/** Keeps every dyno's places taken. */
class Load {
  readonly #counts: Redis;
  readonly #queues: readonly Queue[];
  #random: number;
  #running = true;
  #added = 0;
  #feeding: Promise<void> = Promise.resolve();

  constructor(setting: Setting, types: readonly string[], seed: number) {
    this.#counts = new Redis(setting.redis.url);
    this.#queues = types.map((type) => new Queue(`${type}.1`, { connection: { url: setting.redis.url } }));
    this.#random = seed;
  }

  async start(): Promise<void> {
    this.#feeding = this.#feed().catch((error: unknown) => {
      // Stopped in the middle of an add: something else has failed, and that is reported.
      if (this.#running) throw error;
    });
    await until('jobs run', async () => (await this.#counts.hlen('started')) >= this.#queues.length);
  }

  async #feed(): Promise<void> {
    while (this.#running) {
      for (const queue of this.#queues) {
        const missing = WAITING - (await queue.getWaitingCount());
        for (let count = 0; count < missing; count++) {
          this.#added += 1;
          await queue.add('wait', { ms: this.#duration() }, { jobId: `job-${this.#added}`, removeOnComplete: true });
        }
      }
      await delay(500);
    }
  }

  /** Log-uniform: as many jobs of 0.1 to 1 s as of 6 to 60 s. */
  #duration(): number {
    this.#random = (Math.imul(this.#random, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.round(SHORTEST_MS * (LONGEST_MS / SHORTEST_MS) ** (this.#random / 2 ** 32));
  }

  async finish(): Promise<void> {
    this.#running = false;
    await this.#feeding;
    await until('all jobs are done', async () => (await this.#counts.hlen('done')) >= this.#added, 600_000);
  }

  async counts(): Promise<{ jobs: number; notOnce: number; failed: number }> {
    const [started, done] = [await this.#counts.hgetall('started'), await this.#counts.hgetall('done')];
    const ids = Array.from({ length: this.#added }, (_, index) => `job-${index + 1}`);
    const failed = await Promise.all(this.#queues.map((queue) => queue.getFailedCount()));
    return {
      jobs: this.#added,
      notOnce: ids.filter((id) => started[id] !== '1' || done[id] !== '1').length,
      failed: failed.reduce((total, count) => total + count, 0),
    };
  }

  stop(): void {
    this.#running = false;
    this.#counts.disconnect();
    for (const queue of this.#queues) void queue.close();
  }
}
