import type { Journal } from '../../../ports.ts';
import type { RedisConnection } from '../connection.ts';
import type { Keys } from '../keys.ts';
import type { RecordFaults } from '../ledger/record-faults.ts';
import { eventOf } from './journal-record.ts';

const JOURNAL_LENGTH = 10_000;

export interface JournalOptions {
  readonly connection: RedisConnection;
  readonly keys: Keys;
  readonly faults: RecordFaults;
  readonly log: (level: 'info' | 'warn', message: string) => void;
}

/**
 * The journal as a capped stream. An event that cannot be written is missing here, but not in the log. A fault is
 * logged once until it is over, so that a missing journal does not fill the log.
 */
export function createRedisJournal({ connection, keys, faults, log }: JournalOptions): Journal {
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
        return entries.flatMap(([id, fields]) => {
          const event = eventOf(fields[1]);
          if (typeof event !== 'string') return [event];
          faults.report({
            // One line for all wrong entries: every read finds the same ones again.
            key: keys.journal,
            why: `entry ${id}: ${event}`,
            without: 'The decisions that are shown lack entries like this one.',
            advice: `Delete it with "redis-cli XDEL ${keys.journal} ${id}", or leave it until it expires.`,
          });
          return [];
        });
      } catch (error) {
        say(error, 'the journal cannot be read');
        return [];
      }
    },
  };
}
