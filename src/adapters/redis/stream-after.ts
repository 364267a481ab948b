/**
 * Lua that reads a stream on from an entry. XREAD would do, but Redis 5 forbids it in scripts, and has no open ranges
 * either: so the range begins with the next possible id.
 */
export const STREAM_AFTER = `
local function idAfter(id)
  local ms, sequence = string.match(id, '^(%d+)%-?(%d*)$')
  local following = (tonumber(sequence) or 0) + 1
  -- Beyond, numbers of Lua are not exact. Redis itself counts from 0 in every millisecond.
  if following < 2 ^ 53 then return ms .. '-' .. string.format('%.0f', following) end
  return string.format('%.0f', ms + 1) .. '-0'
end
local function entriesAfter(key, id, count)
  local entries = redis.call('XRANGE', key, idAfter(id), '+', 'COUNT', count)
  return entries[1] and entries[1][1] ~= id and entries or {}
end
`;
