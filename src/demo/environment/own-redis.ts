import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type RedisServer, startRedis } from '../../testbed/servers/redis-server.ts';

export interface OwnRedisOptions {
  readonly onStart: (pid: number) => void;
  /** It was killed, and answers again. */
  readonly onReturn: (text: string) => void;
  /** It was killed and cannot be brought back. */
  readonly onLoss: (why: string) => void;
}

/** The Redis that a demo without `REDIS_URL` uses. */
export interface DemoRedis {
  readonly url: string;
  stop(): Promise<void>;
}

/**
 * A Redis that writes every change to the disk before it answers. When it is killed it comes back on the same port and
 * folder, so nothing that it acknowledged is lost.
 */
export async function startOwnRedis(options: OwnRedisOptions): Promise<DemoRedis> {
  const dir = await mkdtemp(join(tmpdir(), 'tidemark-demo-'));
  let stopping = false;
  let server: RedisServer;
  try {
    server = await startRedis({ dir, appendFsyncAlways: true });
  } catch (error) {
    await rm(dir, { recursive: true, force: true });
    throw error;
  }
  let returning: Promise<void> = Promise.resolve();

  const watch = (): void => {
    options.onStart(server.pid);
    void server.exited.then(() => {
      if (!stopping) returning = bringBack();
    });
  };
  const bringBack = async (): Promise<void> => {
    try {
      server = await startRedis({ dir, port: server.port, appendFsyncAlways: true });
    } catch (error) {
      options.onLoss(
        `Redis ended and could not be started again: ${error instanceof Error ? error.message : String(error)}`,
      );
      return;
    }
    options.onReturn('Redis ended and was started again on the same port and folder');
    watch();
  };

  watch();
  return {
    url: server.url,
    async stop() {
      stopping = true;
      await returning;
      await server.stop();
      await rm(dir, { recursive: true, force: true });
    },
  };
}
