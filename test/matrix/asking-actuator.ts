import { setTimeout as delay } from 'node:timers/promises';
import { createDrainKeys } from '../../src/adapters/redis/queue/drain-keys.ts';
import type { DrainKeys } from '../../src/ports.ts';
import { parseDrainQuestion } from '../../src/shared/drain-messages.ts';
import type { MatrixDyno } from './matrix-dyno.ts';

const REFRESH_EVERY_MS = 200;
const SAMPLE_EVERY_MS = 20;

export interface AskingOptions {
  readonly dyno: MatrixDyno;
  readonly redisUrl: string;
  readonly attemptId: string;
  /** How long the workers are to stay stopped at most. */
  readonly holdMs: number;
}

/** What an actuator does to the workers of one boot for one attempt, with its own adapter. */
export class AskingActuator {
  readonly dyno: MatrixDyno;
  readonly attemptId: string;
  /** Moments at which the boot had said "idle" while jobs were active in Redis. */
  readonly falselyIdle: string[] = [];
  readonly #keys: DrainKeys;
  #answers: ReadonlyMap<string, boolean> = new Map();
  #asking = true;
  #sampling = true;
  readonly #loops: readonly Promise<void>[];

  constructor({ dyno, redisUrl, attemptId, holdMs }: AskingOptions) {
    this.dyno = dyno;
    this.attemptId = attemptId;
    this.#keys = createDrainKeys({ url: redisUrl, holdMs });
    this.#loops = [this.#ask(), this.#sample()];
  }

  async #ask(): Promise<void> {
    while (this.#asking) {
      // Until it is connected there is nothing to ask.
      this.#answers = await this.#keys.refresh(this.dyno.boot, this.attemptId).catch(() => new Map());
      await delay(REFRESH_EVERY_MS);
    }
  }

  /** Answer and active jobs are read in one transaction. */
  async #sample(): Promise<void> {
    const { redis, queues, keys } = this.dyno;
    while (this.#sampling) {
      const reads = redis.multi().get(keys.question).hgetall(keys.answers);
      for (const queue of queues) reads.llen(queue.toKey('active'));
      const [asked, given, ...lengths] = ((await reads.exec()) ?? []).map(([, value]) => value);
      const active = lengths.reduce((sum: number, length) => sum + Number(length), 0);
      const answers = Object.values((given ?? {}) as Record<string, string>).map((json) => JSON.parse(json));
      const saysIdle = answers.some(({ attemptId, idle }) => attemptId === this.attemptId && idle === true);
      const isAsked = parseDrainQuestion(String(asked))?.attemptId === this.attemptId;
      if (isAsked && saysIdle && active > 0) this.falselyIdle.push(`${active} active`);
      await delay(SAMPLE_EVERY_MS);
    }
  }

  /** Resolves when the boot has answered, be it idle or not: it knows of the attempt. */
  untilAnswered(): Promise<void> {
    return this.dyno.until(async () => this.#answers.size > 0, 'the boot answers');
  }

  untilIdle(): Promise<void> {
    return this.dyno.until(async () => [...this.#answers.values()].includes(true), 'the boot is idle');
  }

  saysIdle(): boolean {
    return [...this.#answers.values()].includes(true);
  }

  /** The attempt is closed: the key goes. */
  async close(): Promise<void> {
    await this.die();
    await this.#keys.clear(this.dyno.boot, this.attemptId);
  }

  /** As kill -9 does: the key stays until it expires. */
  async die(): Promise<void> {
    this.#asking = false;
    await this.#loops[0];
  }

  async stop(): Promise<void> {
    this.#asking = false;
    this.#sampling = false;
    await Promise.all(this.#loops);
    await this.#keys.close();
  }
}
