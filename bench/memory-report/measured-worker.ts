import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import { type DrainedBoot, drainKeyNames } from '../../src/shared/drain-messages.ts';

const PROGRAM = fileURLToPath(new URL('worker.mjs', import.meta.url));
const REGISTER = new URL('../../src/register.ts', import.meta.url).href;

export interface MeasuredWorkerOptions {
  readonly redis: Redis;
  readonly redisPort: number;
  /** Whether its jobs allocate; otherwise they do nothing. */
  readonly allocates: boolean;
  readonly warmUpMs: number;
  readonly runMs: number;
}

interface Usage {
  readonly jobs: number;
  readonly cpuUs: number;
}

export interface Figures {
  readonly cpuUsPerJob: number;
  readonly jobsPerSecond: number;
  readonly allocatedPerSecond: number;
  readonly rssBytes: number;
  readonly pauseMs: number;
}

/** One worker's process and its queue. */
export class MeasuredWorker {
  readonly boot: DrainedBoot = { app: 'bench', bootId: randomUUID() };
  readonly #queue: Queue;
  readonly #child: ChildProcess;
  readonly #options: MeasuredWorkerOptions;
  #filling = true;
  readonly #filled: Promise<void>;

  constructor(options: MeasuredWorkerOptions) {
    this.#options = options;
    const { redisPort, allocates } = options;
    const { app, bootId } = this.boot;
    const connection = { host: '127.0.0.1', port: redisPort };
    this.#queue = new Queue(bootId, { connection });
    const program = JSON.stringify({ queue: bootId, redisPort, allocates });
    this.#child = spawn(process.execPath, ['--expose-gc', '--import', REGISTER, PROGRAM, program], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      env: {
        PATH: process.env.PATH ?? '',
        DYNO: 'worker.1',
        HEROKU_APP_NAME: app,
        HEROKU_DYNO_ID: bootId,
        OTEL_METRICS_EXPORTER: 'none',
      },
    });
    this.#filled = this.#fill();
  }

  async measure(): Promise<Figures> {
    const { warmUpMs, runMs } = this.#options;
    await delay(warmUpMs);
    await this.#ask('beginAllocation');
    const before = await this.#ask<Usage>('usage');
    await delay(runMs);
    const after = await this.#ask<Usage>('usage');
    const allocated = await this.#ask<number>('allocatedBytes');
    const jobs = after.jobs - before.jobs;
    await this.#ask('beginPause');
    await this.#drain();
    const pauseMs = await this.#ask<number>('longestPauseMs');
    const rssBytes = await this.#ask<number>('rssBytes');
    return {
      cpuUsPerJob: (after.cpuUs - before.cpuUs) / jobs,
      jobsPerSecond: jobs / (runMs / 1000),
      allocatedPerSecond: allocated / (runMs / 1000),
      rssBytes,
      pauseMs,
    };
  }

  async stop(): Promise<void> {
    this.#filling = false;
    await this.#filled;
    this.#child.kill('SIGKILL');
    if (this.#child.exitCode === null && this.#child.signalCode === null) await once(this.#child, 'exit');
    await this.#queue.obliterate({ force: true });
    await this.#queue.close();
  }

  async #fill(): Promise<void> {
    while (this.#filling) {
      if ((await this.#queue.getWaitingCount()) < 5_000) {
        await this.#queue.addBulk(Array.from({ length: 2_000 }, () => ({ name: 'job', data: {} })));
      }
      await delay(20);
    }
  }

  /** Until the process says that it is idle. */
  async #drain(): Promise<void> {
    const { redis } = this.#options;
    const names = drainKeyNames(this.boot);
    if (names === null) throw new Error('no keys');
    for (;;) {
      await redis.set(names.question, 'bench 60000', 'PX', 10_000);
      const answers = await redis.hvals(names.answers);
      if (answers.some((answer) => JSON.parse(answer).idle === true)) return;
      await delay(100);
    }
  }

  async #ask<Answer>(question: string): Promise<Answer> {
    const answered = once(this.#child, 'message');
    this.#child.send(question);
    const [{ answer }] = await answered;
    return answer as Answer;
  }
}
