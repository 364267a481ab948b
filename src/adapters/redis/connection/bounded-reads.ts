import type { RedisConnection } from './connection.ts';

/** Reads of what anyone may have written who may write to Redis: what is too long does not leave it. */

const TEXTS = `
local texts = {}
for at, key in ipairs(KEYS) do
  local kind = redis.call('TYPE', key).ok
  if kind == 'none' then texts[at] = false
  elseif kind ~= 'string' then texts[at] = {'it is a ' .. kind .. ', not a string'}
  elseif redis.call('STRLEN', key) > tonumber(ARGV[1]) then texts[at] = {'it is longer than ' .. ARGV[1] .. ' bytes'}
  else texts[at] = redis.call('GET', key) end
end
return texts
`;

const MEMBERS = `
if redis.call('TYPE', KEYS[1]).ok ~= 'set' then return {'0', {}} end
local cursor, members = unpack(redis.call('SSCAN', KEYS[1], ARGV[1], 'COUNT', ARGV[2]))
local kept = {}
for _, member in ipairs(members) do
  if #member <= tonumber(ARGV[3]) then table.insert(kept, member) end
end
return {cursor, kept}
`;

/** Names are made of those of apps, dynos and boots. */
const MAX_MEMBER_BYTES = 1024;
const PAGE = 500;
/** More than the boots of two days in the largest fleet that one Redis takes. */
const MAX_PAGES = 5_000;

/** The text of a key; null: there is none. Otherwise why it is not one of ours. */
export type ReadText = string | null | { readonly fault: string };

/** In the order of the keys. Throws `LedgerUnavailable`. */
export async function readTexts(
  connection: RedisConnection,
  what: string,
  keys: readonly string[],
  maxBytes: number,
): Promise<readonly ReadText[]> {
  if (keys.length === 0) return [];
  const reply = await connection.run(what, (redis) => redis.eval(TEXTS, keys.length, ...keys, maxBytes));
  return (reply as (string | null | [fault: string])[]).map((one) => (Array.isArray(one) ? { fault: one[0] } : one));
}

/**
 * The members of a set, some at a time; of a key of another type none, since something else wrote it. One that is added
 * or removed meanwhile may be missing, or come twice.
 */
export async function* readMembers(
  connection: RedisConnection,
  what: string,
  key: string,
): AsyncGenerator<readonly string[]> {
  let cursor = '0';
  for (let page = 0; page < MAX_PAGES; page++) {
    const reply = await connection.run(what, (redis) => redis.eval(MEMBERS, 1, key, cursor, PAGE, MAX_MEMBER_BYTES));
    const [next, members] = reply as [string, string[]];
    yield members;
    if (next === '0') return;
    cursor = next;
  }
}
