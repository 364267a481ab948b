import type { ReportStore } from '../../ports.ts';
import { RecurringFault } from '../recurring-fault.ts';
import { readTexts } from './connection/bounded-reads.ts';
import type { RedisConnection } from './connection/connection.ts';
import type { Keys } from './keys.ts';

export interface ReportStoreOptions {
  readonly connection: RedisConnection;
  readonly keys: Keys;
  readonly log: (level: 'info' | 'warn', message: string) => void;
}

const EXPIRY_MS = 9 * 24 * 3_600_000;
/** Longer texts were written by something else. */
const MAX_BYTES = 4 * 1024 ** 2;

/** Answers 1 to the first caller of a week, if there was one before. */
const CLAIM_WEEK = `
local kind = redis.call('TYPE', KEYS[1]).ok
local last = kind == 'string' and tonumber(redis.call('GETRANGE', KEYS[1], 0, 63)) or nil
if last and last >= tonumber(ARGV[1]) then return 0 end
redis.call('SET', KEYS[1], ARGV[1])
return last and 1 or 0
`;

export function createReportStore({ connection, keys, log }: ReportStoreOptions): ReportStore {
  const faults = new RecurringFault({ say: log });
  const tried = async <T>(what: string, otherwise: T, work: () => Promise<T>): Promise<T> => {
    try {
      const result = await work();
      faults.over();
      return result;
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      faults.happened({ message: `${what}: ${why}`, kind: 'reports' });
      return otherwise;
    }
  };
  return {
    saveOverLimit: (json) =>
      tried('the time over the quota could not be saved', undefined, async () => {
        await connection.run('the time over the quota', (redis) => redis.set(keys.overLimit, json, 'PX', EXPIRY_MS));
      }),
    loadOverLimit: () =>
      tried('the time over the quota could not be read', null, async () => {
        const [json = null] = await readTexts(connection, 'the time over the quota', [keys.overLimit], MAX_BYTES);
        if (json !== null && typeof json !== 'string') throw new Error(`${keys.overLimit} is not ours: ${json.fault}`);
        return json;
      }),
    claimWeek: (week) =>
      tried('the weekly summary could not be claimed', false, async () => {
        const answer = await connection.run('the weekly summary', (redis) =>
          redis.eval(CLAIM_WEEK, 1, keys.summaryWeek, String(week)),
        );
        return answer === 1;
      }),
  };
}
