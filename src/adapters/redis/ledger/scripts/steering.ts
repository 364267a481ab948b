import { PRELUDE } from './prelude.ts';

export const PAUSE = `${PRELUDE}
-- A repeated pause keeps its first start, and who made it.
pause(args.all, args.by)
return 1
`;

/** Answers the keys of records that could not be resumed. All others were. */
export const RESUME = `${PRELUDE}
if not args.all then
  set('paused', '0')
  redis.call('HDEL', recordKey, 'pausedAtMs', 'pauser')
  closeBreaker()
  return {}
end
redis.call('SET', pauseKey, '0')
local skipped = {}
if typeOf(recordsKey) ~= 'set' then return skipped end
for _, key in ipairs(redis.call('SMEMBERS', recordsKey)) do
  if typeOf(key) == 'hash' then
    recordKey = key
    closeBreaker()
  else
    table.insert(skipped, key)
  end
end
return skipped
`;
