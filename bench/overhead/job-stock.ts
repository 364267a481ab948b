import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import { type RedisServer, startRedis } from '../../src/testbed/servers/redis-server.ts';

export const QUEUE_NAME = 'overhead';

const JOBS_PER_CALL = 5_000;

/** Adds jobs to a queue, with as many names as asked for, in turn. */
export class JobFeeder {
  readonly #queue: Queue;
  readonly #nameCount: number;
  #added = 0;

  constructor(redisPort: number, nameCount: number) {
    this.#queue = new Queue(QUEUE_NAME, { connection: { host: '127.0.0.1', port: redisPort } });
    this.#nameCount = nameCount;
  }

  get added(): number {
    return this.#added;
  }

  /** Until `total` jobs have been added. */
  async fillTo(total: number): Promise<void> {
    while (this.#added < total) {
      const count = Math.min(JOBS_PER_CALL, total - this.#added);
      const first = this.#added;
      const name = (index: number) => `job-${(first + index) % this.#nameCount}`;
      await this.#queue.addBulk(Array.from({ length: count }, (_, index) => ({ name: name(index), data: {} })));
      this.#added += count;
    }
  }

  waiting(): Promise<number> {
    return this.#queue.getWaitingCount();
  }

  close(): Promise<void> {
    return this.#queue.close();
  }
}

/** Folders that were made, removed at the latest when this process ends. */
const folders = new Set<string>();
process.once('exit', () => {
  for (const folder of folders) removeFolder(folder);
});

function makeFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'tidemark-overhead-'));
  folders.add(folder);
  return folder;
}

function removeFolder(folder: string): void {
  rmSync(folder, { recursive: true, force: true });
  folders.delete(folder);
}

export interface StockOptions {
  readonly jobs: number;
  readonly nameCount: number;
}

/** A queue full of jobs, as Redis's file: any number of servers can start with it at once. */
export class JobStock {
  readonly jobs: number;
  readonly #dir: string;

  private constructor(dir: string, jobs: number) {
    this.#dir = dir;
    this.jobs = jobs;
  }

  static async fill({ jobs, nameCount }: StockOptions): Promise<JobStock> {
    const dir = makeFolder();
    const redis = await startRedis({ dir });
    try {
      const feeder = new JobFeeder(redis.port, nameCount);
      await feeder.fillTo(jobs);
      await feeder.close();
      const client = new Redis(redis.url);
      await client.save();
      client.disconnect();
      return new JobStock(dir, jobs);
    } finally {
      await redis.stop();
    }
  }

  /** A separate server with all of the jobs. */
  async serve(): Promise<RedisServer> {
    const dir = makeFolder();
    cpSync(this.#dir, dir, { recursive: true });
    const redis = await startRedis({ dir });
    return {
      ...redis,
      async stop() {
        await redis.stop();
        removeFolder(dir);
      },
    };
  }

  remove(): void {
    removeFolder(this.#dir);
  }
}
