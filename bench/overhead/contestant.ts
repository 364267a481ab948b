import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { RedisServer } from '../../src/testbed/servers/redis-server.ts';
import { QUEUE_NAME } from './job-stock.ts';
import type { Receiver } from './receiver.ts';
import type { Variant } from './variants.ts';

/**
 * What a job does once `startWork` was asked; until then, and with `none` always, nothing, and 50 run at a time.
 * `compute`, `wait`: for 1 ms.
 */
export type Work = 'none' | 'compute' | 'wait';

export interface Usage {
  readonly jobs: number;
  /** User and system time of the process, by `process.cpuUsage`. */
  readonly cpuUs: number;
}

export interface Allocation {
  readonly allocatedBytes: number;
  readonly jobs: number;
}

export interface SettledMemory {
  readonly rssBytes: number;
  /** The part of RSS that is not file-backed; null if the system does not report it. */
  readonly anonymousBytes: number | null;
  readonly heapUsedBytes: number;
}

/** Questions, and what `measured/worker.mjs` answers. */
interface Answers {
  /** Null: it has begun to take jobs. */
  run: null;
  startWork: null;
  usage: Usage;
  beginAllocation: null;
  allocation: Allocation;
  settledMemory: SettledMemory;
  /** The worker has closed and what was measured has been exported. */
  close: null;
}

export interface ContestantOptions {
  readonly variant: Variant;
  readonly redis: RedisServer;
  readonly receiver: Receiver;
  readonly concurrency: number;
  readonly work: Work;
  readonly exportEveryMs: number;
  readonly nodeArgs?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** A worker's process and the Redis that only it uses. Both can be suspended at any point and resumed. */
export class Contestant {
  readonly variant: Variant;
  readonly #redis: RedisServer;
  readonly #child: ChildProcess;
  readonly #exited: Promise<never>;

  constructor(options: ContestantOptions) {
    this.variant = options.variant;
    this.#redis = options.redis;
    this.#child = spawnWorker(options);
    this.#exited = new Promise((_, reject) => {
      const name = this.variant.name;
      this.#child.once('error', (error) => reject(new Error(`the worker "${name}" did not start`, { cause: error })));
      this.#child.once('exit', (code, signal) => reject(new Error(`the worker "${name}" ended: ${signal ?? code}`)));
    });
    this.#exited.catch(() => {});
    running.add(this);
  }

  /** Ask it a second question only after it has answered. A suspended process answers when it is resumed. */
  async ask<Question extends keyof Answers>(question: Question): Promise<Answers[Question]> {
    const answered = new Promise<Answers[Question]>((resolve, reject) => {
      this.#child.once('message', (message: { answer?: Answers[Question]; error?: string }) => {
        if (message.error === undefined) resolve(message.answer as Answers[Question]);
        else reject(new Error(`the worker "${this.variant.name}" could not answer "${question}": ${message.error}`));
      });
    });
    this.#child.send({ ask: question });
    return Promise.race([answered, this.#exited]);
  }

  /** The worker first, so that it cannot find answers that arrived while it was suspended. */
  pause(): void {
    this.#child.kill('SIGSTOP');
    process.kill(this.#redis.pid, 'SIGSTOP');
  }

  resume(): void {
    process.kill(this.#redis.pid, 'SIGCONT');
    this.#child.kill('SIGCONT');
  }

  async stop(): Promise<void> {
    this.kill();
    running.delete(this);
    await this.#exited.catch(() => {});
    await this.#redis.stop();
  }

  /** The worker is killed, and Redis is resumed: a suspended process would not receive a signal to end. */
  kill(): void {
    this.#child.kill('SIGKILL');
    try {
      process.kill(this.#redis.pid, 'SIGCONT');
    } catch {
      // It has already ended.
    }
  }
}

/** A suspended process would outlive this one. */
const running = new Set<Contestant>();
process.once('exit', () => {
  for (const contestant of running) contestant.kill();
});

function spawnWorker(options: ContestantOptions): ChildProcess {
  const { variant, redis, receiver, concurrency, work, exportEveryMs, nodeArgs = [] } = options;
  const measured = { queue: QUEUE_NAME, redisPort: redis.port, concurrency, work, setUp: variant.setUp };
  const program = fileURLToPath(new URL(`measured/${variant.program}`, import.meta.url));
  return spawn(process.execPath, [...nodeArgs, ...variant.nodeArgs, program, JSON.stringify(measured)], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    // Nothing from this process's environment, such as Node options or the address of a receiver. On a dyno tidemark
    // also follows what a drain needs to know.
    env: {
      PATH: process.env.PATH ?? '',
      DYNO: 'worker.1',
      HEROKU_APP_NAME: 'bench',
      HEROKU_DYNO_ID: '6a1b7f0e-4b0f-4c39-9f5e-0d8a6a1f2c11',
      OTEL_EXPORTER_OTLP_ENDPOINT: receiver.endpointFor(variant.name),
      OTEL_METRIC_EXPORT_INTERVAL: String(exportEveryMs),
      ...options.env,
    },
  });
}
