import { PRELUDE } from './prelude.ts';

export const PAUSE = `${PRELUDE}
-- A repeated pause keeps its first start.
if args.all then
  if not isAllPaused() then redis.call('SET', pauseKey, string.format('%.0f', now)) end
elseif not isTargetPaused() then
  set('paused', '1')
  set('pausedAtMs', now)
end
return 1
`;

/** Answers the keys of records that could not be resumed. All others were. */
export const RESUME = `${PRELUDE}
if not args.all then
  set('paused', '0')
  redis.call('HDEL', recordKey, 'pausedAtMs')
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
