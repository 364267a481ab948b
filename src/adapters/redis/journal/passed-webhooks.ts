import type { RedisConnection } from '../connection/connection.ts';
import type { Keys } from '../keys.ts';
import { STREAM_AFTER } from '../stream-after.ts';

/** More than a fleet of a million dynos causes between two rounds of the loop: 50 a second. */
const MAX_BODIES = 2_000;
/** An event of a dyno takes about 2 kB. A longer one is not passed on: its app is read instead. */
const MAX_BYTES = 8 * 1024;
const EXPIRY_MS = 10 * 60_000;
const PAGE = 500;

/** Answers the last entry's id, how many entries there are, and their bodies: what is too long does not leave Redis. */
const READ = `
${STREAM_AFTER}
local lastId, count, bodies = ARGV[1], 0, {}
for _, entry in ipairs(entriesAfter(KEYS[1], ARGV[1], ARGV[2])) do
  lastId, count = entry[1], count + 1
  local body = entry[2][2]
  if body and #body <= tonumber(ARGV[3]) then table.insert(bodies, body) end
end
return {lastId, count, bodies}
`;

/** Webhooks of Heroku, from the actuator that took them to those that follow the dynos. */
export interface PassedWebhooks {
  /** Throws `LedgerUnavailable`, as both. */
  pass(body: string): Promise<void>;
  /** What was passed since the last call, by this actuator too; at first all that is kept. */
  read(): Promise<readonly string[]>;
}

/** A capped stream. */
export function createPassedWebhooks({ run }: RedisConnection, { webhooks }: Keys): PassedWebhooks {
  let lastId = '0';
  return {
    async pass(body) {
      if (Buffer.byteLength(body) > MAX_BYTES) return;
      await run('a webhook', (redis) => redis.xadd(webhooks, 'MAXLEN', '~', MAX_BODIES, '*', 'body', body));
      await run('a webhook', (redis) => redis.pexpire(webhooks, EXPIRY_MS));
    },
    async read() {
      const found: string[] = [];
      for (let [page, size] = [0, PAGE]; size === PAGE && page < MAX_BODIES / PAGE; page++) {
        const reply = await run('the webhooks', (redis) => redis.eval(READ, 1, webhooks, lastId, PAGE, MAX_BYTES));
        const [id, count, bodies] = reply as [string, number, string[]];
        lastId = id;
        size = count;
        found.push(...bodies);
      }
      return found;
    },
  };
}
