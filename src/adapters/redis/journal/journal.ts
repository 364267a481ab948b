import type { Journal } from '../../../ports.ts';
import { RecurringFault } from '../../recurring-fault.ts';
import type { RedisConnection } from '../connection/connection.ts';
import type { Keys } from '../keys.ts';
import type { RecordFaults } from '../ledger/record-faults.ts';
import { eventOf } from './journal-record.ts';

const JOURNAL_LENGTH = 10_000;
/** An event has 1 to 2 kB. */
const MAX_EVENT_BYTES = 64 * 1024;

/** Of one read: no event follows one that makes it more. A thousand of Tidemark's own have some MB. */
const MAX_READ_BYTES = 16 * 1024 ** 2;

/**
 * The newest entries: ids and texts. Of one that is too long, and so not ours, the text stays in Redis. One by one: all
 * at once they would be in the script together, and hold up Redis for seconds where something else wrote long ones. The
 * id before another one is worked out here, because Redis 5 has no open ranges.
 */
const RECENT = `
local recent, bytes, last = {}, 0, '+'
while #recent < tonumber(ARGV[1]) and bytes < tonumber(ARGV[3]) do
  local entry = redis.call('XREVRANGE', KEYS[1], last, '-', 'COUNT', 1)[1]
  if not entry then break end
  local text = entry[2][2]
  bytes = bytes + #text
  table.insert(recent, {entry[1], #text <= tonumber(ARGV[2]) and text or ''})
  local ms, sequence = string.match(entry[1], '(%d+)-(%d+)')
  if sequence ~= '0' then last = ms .. '-' .. string.format('%.0f', sequence - 1)
  elseif ms ~= '0' then last = string.format('%.0f', ms - 1)
  else break end
end
return recent
`;

export interface JournalOptions {
  readonly connection: RedisConnection;
  readonly keys: Keys;
  readonly faults: RecordFaults;
  readonly log: (level: 'info' | 'warn', message: string) => void;
}

/**
 * The journal as a capped stream. An event that cannot be written is missing here, but not in the log.
 */
export function createRedisJournal({ connection, keys, faults: recordFaults, log }: JournalOptions): Journal {
  const faults = new RecurringFault({ say: log });
  const say = (error: unknown, what: string) =>
    faults.happened({ message: `${what}: ${error instanceof Error ? error.message : String(error)}`, kind: 'journal' });

  return {
    async append(event) {
      try {
        await connection.run('the journal', (redis) =>
          redis.xadd(keys.journal, 'MAXLEN', '~', JOURNAL_LENGTH, '*', 'event', JSON.stringify(event)),
        );
        faults.over();
      } catch (error) {
        say(error, 'an event is missing from the journal');
      }
    },
    async recent(count) {
      try {
        const entries = await connection.run('the journal', (redis) =>
          redis.eval(RECENT, 1, keys.journal, count, MAX_EVENT_BYTES, MAX_READ_BYTES),
        );
        return (entries as [id: string, text: string][]).flatMap(([id, text]) => {
          const event = eventOf(text);
          if (typeof event !== 'string') return [event];
          recordFaults.report({
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
