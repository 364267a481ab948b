import { setTimeout as delay } from 'node:timers/promises';
import { LedgerUnavailable } from '../../model/errors.ts';
import { POINTS_READ_MARK_MS, POINTS_STREAM_FIELD, POINTS_STREAM_GROUP, POINTS_STREAM_KEY } from '../../semconv.ts';
import { connectRedis, type RedisConnection } from './connection.ts';

export interface PointsReaderOptions {
  /** The queue's Redis, to which the workers write. */
  readonly url: string;
  /** Receives the text of each entry, oldest first. Must not throw. */
  readonly onEntry: (json: string) => void;
  /** For people. Never carries a secret. */
  readonly log?: (level: 'info' | 'warn', message: string) => void;
}

/** Follows the points stream. Every reader sees every entry, so a standby reads along with the leader. */
export interface PointsReader {
  /** Reads on after `afterId`; where that is null, from entries of at most that age. Call it once. */
  start(from: { readonly afterId: string | null; readonly maxAgeMs: number }): void;
  /** The newest entry that was delivered; null before the first. */
  lastId(): string | null;
  close(): Promise<void>;
}

/** How long Redis keeps a read open while the stream has nothing new. */
const BLOCK_MS = 2_000;
const ENTRIES_PER_READ = 100;
const RETRY_AFTER_MS = 1_000;
/** `ms-sequence`, as Redis makes them. */
const ENTRY_ID = /^\d+-\d+$/;

type StreamReply = [key: string, entries: [id: string, fields: string[]][]][] | null;

/** Connects in the background. Throws `ConfigError` where the URL cannot be used. */
export function createPointsReader(options: PointsReaderOptions): PointsReader {
  const { url, onEntry, log } = options;
  const connection = connectRedis({ url, ...(log === undefined ? {} : { log }), commandTimeoutMs: 2 * BLOCK_MS });
  const mark = createReadMark(connection);
  const closed = new AbortController();
  let lastId: string | null = null;
  let following: Promise<void> = Promise.resolve();

  const readOn = async (cursor: string): Promise<string> => {
    let next = cursor;
    for (const [id, fields] of await readEntries(connection, cursor)) {
      const place = fields.indexOf(POINTS_STREAM_FIELD);
      const json = place % 2 === 0 ? fields[place + 1] : undefined;
      if (json !== undefined) onEntry(json);
      next = id;
      lastId = id;
    }
    return next;
  };

  const follow = async (start: () => Promise<string>): Promise<void> => {
    let cursor: string | null = null;
    let lastFault = '';
    while (!closed.signal.aborted) {
      try {
        cursor ??= await start();
        cursor = await readOn(cursor);
        lastFault = '';
        await mark(lastId);
      } catch (error) {
        if (!(error instanceof LedgerUnavailable)) throw error;
        if (connection.available() && error.message !== lastFault && !closed.signal.aborted)
          log?.('warn', error.message);
        lastFault = error.message;
        await delay(RETRY_AFTER_MS, undefined, { signal: closed.signal }).catch(() => undefined);
      }
    }
  };

  return {
    start({ afterId, maxAgeMs }) {
      following = follow(() => firstCursor(connection, afterId, maxAgeMs));
    },
    lastId: () => lastId,
    async close() {
      closed.abort();
      await connection.close();
      await following;
    },
  };
}

/** The entry to read on from: `afterId`, unless it is older than the given age. */
async function firstCursor(connection: RedisConnection, afterId: string | null, maxAgeMs: number): Promise<string> {
  const [seconds] = await connection.run('the points stream', (redis) => redis.time());
  const oldestMs = Math.max(0, Number(seconds) * 1000 - maxAgeMs);
  const isYoung = afterId !== null && ENTRY_ID.test(afterId) && Number.parseInt(afterId, 10) > oldestMs;
  return isYoung ? afterId : `${oldestMs}-0`;
}

async function readEntries(connection: RedisConnection, after: string): Promise<[string, string[]][]> {
  const reply = (await connection.run('the points stream', (redis) =>
    redis.xread('COUNT', ENTRIES_PER_READ, 'BLOCK', BLOCK_MS, 'STREAMS', POINTS_STREAM_KEY, after),
  )) as StreamReply;
  return reply?.[0]?.[1] ?? [];
}

/**
 * Marks on the stream how far it was read, so that workers can warn when no actuator reads. A failed mark does not stop
 * the reading.
 */
function createReadMark(connection: RedisConnection): (id: string | null) => Promise<void> {
  let marked: string | null = null;
  let markedAtMs = Number.NEGATIVE_INFINITY;
  return async (id) => {
    if (id === null || id === marked || performance.now() - markedAtMs < POINTS_READ_MARK_MS) return;
    [marked, markedAtMs] = [id, performance.now()];
    const set = (command: 'SETID' | 'CREATE') =>
      connection.run('the mark of the points stream', (redis) =>
        redis.xgroup(command as 'SETID', POINTS_STREAM_KEY, POINTS_STREAM_GROUP, id),
      );
    // There is no group before the first mark, nor after the stream was deleted.
    await set('SETID').catch(() => set('CREATE').catch(() => undefined));
  };
}
