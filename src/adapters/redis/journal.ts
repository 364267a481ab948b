import type { ActuatorEvent, Journal } from '../../ports.ts';
import type { RedisConnection } from './connection.ts';
import type { Keys } from './keys.ts';

const JOURNAL_LENGTH = 10_000;

export interface JournalOptions {
  readonly connection: RedisConnection;
  readonly keys: Keys;
  readonly log: (level: 'info' | 'warn', message: string) => void;
}

/**
 * The journal as a capped stream. What cannot be written is lost to the journal, not to the log; a fault is said once until it is over, as
 * the loop must not fill the log for want of a journal.
 */
export function createRedisJournal({ connection, keys, log }: JournalOptions): Journal {
  let faulty = false;
  const say = (error: unknown, what: string) => {
    if (!faulty) log('warn', `${what}: ${error instanceof Error ? error.message : String(error)}`);
    faulty = true;
  };

  return {
    async append(event) {
      try {
        await connection.run('the journal', (redis) =>
          redis.xadd(keys.journal, 'MAXLEN', '~', JOURNAL_LENGTH, '*', 'event', JSON.stringify(event)),
        );
        faulty = false;
      } catch (error) {
        say(error, 'an event is missing from the journal');
      }
    },
    async recent(count) {
      try {
        const entries = await connection.run('the journal', (redis) =>
          redis.xrevrange(keys.journal, '+', '-', 'COUNT', count),
        );
        return entries.flatMap(([, fields]) => eventOf(fields[1]));
      } catch (error) {
        say(error, 'the journal cannot be read');
        return [];
      }
    },
  };
}

/** Written by this program alone; an event of an older version that is no JSON is left out. */
function eventOf(text: string | undefined): ActuatorEvent[] {
  try {
    const event: ActuatorEvent = JSON.parse(text ?? '');
    return [event];
  } catch {
    return [];
  }
}
