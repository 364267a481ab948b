import { setTimeout as delay } from 'node:timers/promises';
import { LedgerUnavailable } from '../../../model/errors.ts';
import { POINTS_READ_MARK_MS, POINTS_STREAM_FIELD, POINTS_STREAM_GROUP, POINTS_STREAM_KEY } from '../../../semconv.ts';
import { connectRedis, type RedisConnection } from '../connection/connection.ts';
import { STREAM_AFTER } from '../stream-after.ts';

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

/** How long to wait where the stream has nothing new. */
const NOTHING_NEW_MS = 1_000;
const ENTRIES_PER_READ = 100;
/** Of one read: no entry follows one that makes it more. */
const MAX_READ_BYTES = 4 * 1024 ** 2;
/** A longer text is cut, so that it is reported and nothing of it is taken. Workers write at most 256 KiB. */
const MAX_ENTRY_BYTES = 2 * 1024 ** 2;
const RETRY_AFTER_MS = 1_000;
/** `ms-sequence`, as Redis makes them. */
const ENTRY_ID = /^\d+-\d+$/;

type Entries = readonly (readonly [id: string, text: string | null])[];

/**
 * The entries after one, each with the text under the field that is read; null where it has none. Whoever may write to
 * the queue's Redis chooses how long an entry is: it is cut here, before it reaches the actuator. Entry by entry,
 * because one read of a hundred would be a hundred times the longest.
 */
const READ = `
${STREAM_AFTER}
local after, entries, bytes = ARGV[1], {}, 0
while #entries < tonumber(ARGV[3]) and bytes < tonumber(ARGV[4]) do
  local entry = entriesAfter(KEYS[1], after, 1)[1]
  if not entry then break end
  after = entry[1]
  local text = false
  for at = 1, #entry[2], 2 do
    if entry[2][at] == ARGV[2] then
      text = string.sub(entry[2][at + 1], 1, tonumber(ARGV[5]))
      bytes = bytes + #text
      break
    end
  end
  table.insert(entries, {after, text})
end
return entries
`;

/** Connects in the background. Throws `ConfigError` where the URL cannot be used. */
export function createPointsReader({ url, onEntry, log }: PointsReaderOptions): PointsReader {
  const connection = connectRedis({ url, ...(log === undefined ? {} : { log }) });
  const mark = createReadMark(connection);
  const closed = new AbortController();
  let lastId: string | null = null;
  let following: Promise<void> = Promise.resolve();

  const readOn = async (cursor: string): Promise<string> => {
    let next = cursor;
    for (const [id, text] of await readEntries(connection, cursor)) {
      if (text !== null) onEntry(text);
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
        const next = await readOn(cursor);
        lastFault = '';
        await mark(lastId);
        if (next === cursor) await pause(closed.signal, NOTHING_NEW_MS);
        cursor = next;
      } catch (error) {
        if (!(error instanceof LedgerUnavailable)) throw error;
        if (connection.available() && error.message !== lastFault && !closed.signal.aborted)
          log?.('warn', error.message);
        lastFault = error.message;
        await pause(closed.signal, RETRY_AFTER_MS);
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

/** Ends early, and does not reject, when the reader is closed. */
function pause(signal: AbortSignal, ms: number): Promise<void> {
  return delay(ms, undefined, { signal }).catch(() => undefined);
}

/** The entry to read on from: `afterId`, unless it is older than the given age. */
async function firstCursor(connection: RedisConnection, afterId: string | null, maxAgeMs: number): Promise<string> {
  const [seconds] = await connection.run('the points stream', (redis) => redis.time());
  const oldestMs = Math.max(0, Number(seconds) * 1000 - maxAgeMs);
  const isYoung = afterId !== null && ENTRY_ID.test(afterId) && Number.parseInt(afterId, 10) > oldestMs;
  return isYoung ? afterId : `${oldestMs}-0`;
}

async function readEntries(connection: RedisConnection, after: string): Promise<Entries> {
  const bounds = [ENTRIES_PER_READ, MAX_READ_BYTES, MAX_ENTRY_BYTES];
  return (await connection.run('the points stream', (redis) =>
    redis.eval(READ, 1, POINTS_STREAM_KEY, after, POINTS_STREAM_FIELD, ...bounds),
  )) as Entries;
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
