import { type ChildProcess, fork } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { Redis } from 'ioredis';
import { vi } from 'vitest';
import { type DrainedBoot, type DrainKeyNames, drainKeyNames } from '../../src/shared/drain-messages.ts';
import type { Call, JobData, Report, Request, WorkerSpec } from './app/worker-app.ts';
import { loadBullmq, makeVersionedApp, type VersionedApp } from './bullmq-versions.ts';

const REGISTER = new URL('../../src/register.ts', import.meta.url).href;
const APP_FILES = ['worker-app.ts', 'processor.cjs'].map((name) =>
  fileURLToPath(new URL(`./app/${name}`, import.meta.url)),
);
export const APP = 'shop';
/** Far beyond what any step needs on a busy machine; nothing is asserted about it. */
export const PATIENCE = { timeout: 40_000, interval: 50 };

export function keysOf(boot: DrainedBoot): DrainKeyNames {
  const keys = drainKeyNames(boot);
  if (keys === null) throw new Error('there are no keys for such a boot');
  return keys;
}

export interface MatrixWorkerSpec extends Omit<WorkerSpec, 'queue'> {
  /** Default: one of its own. */
  readonly queue?: string;
}

export interface MatrixDynoOptions {
  readonly workers?: readonly MatrixWorkerSpec[] | undefined;
  /** Whether all workers are in a thread that the process starts. */
  readonly inThread?: boolean;
}

/** Added so far: processes may share a queue, which takes each id once. */
let jobs = 0;

type Queue = InstanceType<ReturnType<typeof loadBullmq>['Queue']>;

/** A process of a dyno with workers of one version of BullMQ, each on a queue of its own, and what their jobs did. */
export class MatrixDyno {
  readonly boot: DrainedBoot = { app: APP, bootId: randomUUID() };
  readonly keys: DrainKeyNames = keysOf(this.boot);
  /** Ids of jobs, in order. */
  readonly started: string[] = [];
  readonly ended: string[] = [];
  readonly stalled: string[] = [];
  readonly redis: Redis;
  readonly queues: readonly Queue[];
  readonly #version: string;
  readonly #app: VersionedApp;
  readonly #child: ChildProcess;
  readonly #replies = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>();
  #requests = 0;
  #output = '';

  private constructor(version: string, redisUrl: string, { workers = [{}], inThread = false }: MatrixDynoOptions) {
    const { Queue } = loadBullmq(version);
    this.#version = version;
    this.redis = new Redis(redisUrl);
    const specs = workers.map((worker): WorkerSpec => ({ queue: `queue-${randomUUID()}`, ...worker }));
    const { hostname: host, port } = new URL(redisUrl);
    this.queues = specs.map(({ queue }) => new Queue(queue, { connection: { host, port: Number(port) } }));
    this.#app = makeVersionedApp(version, APP_FILES);
    this.#child = fork(`${this.#app.path}/worker-app.ts`, {
      execArgv: ['--import', REGISTER],
      cwd: this.#app.path,
      env: {
        PATH: process.env.PATH,
        REDIS_URL: redisUrl,
        WORKERS: JSON.stringify(specs),
        IN_THREAD: inThread ? 'yes' : '',
        DYNO: 'worker.1',
        HEROKU_APP_NAME: APP,
        HEROKU_DYNO_ID: this.boot.bootId,
        OTEL_METRICS_EXPORTER: 'none',
      },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.on('data', (chunk: Buffer) => {
        this.#output += chunk;
      });
    }
  }

  /** Resolves when its workers are connected. */
  static async start(version: string, redisUrl: string, options: MatrixDynoOptions = {}) {
    const dyno = new MatrixDyno(version, redisUrl, options);
    try {
      await new Promise<void>((resolve, reject) => {
        dyno.#child.on('message', (report: Report) => (report.event === 'ready' ? resolve() : dyno.#take(report)));
        dyno.#child.once('close', () => reject(new Error(`the worker of BullMQ ${version} ended: ${dyno.#output}`)));
      });
      return dyno;
    } catch (error) {
      await dyno.stop();
      throw error;
    }
  }

  #take(report: Report): void {
    if (report.event === 'ready') return;
    if (report.event !== 'reply') {
      this[report.event].push(report.job);
      return;
    }
    const waits = this.#replies.get(report.id);
    this.#replies.delete(report.id);
    if (report.error === undefined) waits?.resolve(report.value);
    else waits?.reject(new Error(report.error));
  }

  /** What the application does to one of its workers; resolves when the call does. */
  call(call: Call, worker = 0, spec?: WorkerSpec): Promise<unknown> {
    const id = this.#requests++;
    const request: Request = { id, call, worker, ...(spec === undefined ? {} : { spec }) };
    return new Promise((resolve, reject) => {
      this.#replies.set(id, { resolve, reject });
      this.#child.send(request, (error) => error !== null && reject(error));
    });
  }

  /** One more worker on the first queue. */
  async addWorker(): Promise<void> {
    await this.call('add-worker', 0, { queue: this.#queue(0).name });
  }

  async states(): Promise<readonly { paused: boolean; running: boolean }[]> {
    return (await this.call('states')) as readonly { paused: boolean; running: boolean }[];
  }

  async add(count: number, data: JobData = {}, worker = 0): Promise<readonly string[]> {
    const ids = Array.from({ length: count }, () => `job-${jobs++}`);
    await this.#queue(worker).addBulk(ids.map((jobId) => ({ name: 'work', data, opts: { jobId } })));
    return ids;
  }

  activeCount(worker = 0): Promise<number> {
    return this.#queue(worker).getActiveCount();
  }

  #queue(worker: number): Queue {
    const queue = this.queues[worker];
    if (queue === undefined) throw new Error(`there is no worker ${worker}`);
    return queue;
  }

  async untilStarted(count: number): Promise<void> {
    await this.until(async () => this.started.length >= count, `${count} jobs have started`);
  }

  async untilEnded(ids: readonly string[]): Promise<void> {
    await this.until(async () => ids.every((id) => this.ended.includes(id)), `${ids.join(', ')} have ended`);
  }

  /** Fails with what the process shows. */
  async until(condition: () => Promise<boolean>, what: string): Promise<void> {
    await vi.waitUntil(condition, PATIENCE).catch(async () => {
      const states = JSON.stringify(await Promise.race([this.states(), new Promise((end) => setTimeout(end, 5_000))]));
      const jobs = `started ${this.started.slice(-8)}; ended ${this.ended.slice(-8)}; stalled ${this.stalled}`;
      throw new Error(
        `BullMQ ${this.#version}: in vain waited until ${what}. Workers ${states}; jobs: ${jobs}. ${this.#output}`,
      );
    });
  }

  /** Jobs that began more than once. */
  startedTwice(): readonly string[] {
    return this.started.filter((id, index) => this.started.indexOf(id) !== index);
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      this.#child.kill('SIGKILL');
      await once(this.#child, 'close');
    }
    await Promise.all(this.queues.map((queue) => queue.close()));
    this.redis.disconnect();
    this.#app.remove();
  }
}
