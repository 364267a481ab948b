import { PRELUDE } from './prelude.ts';

/** Answers a JSON object; lists and the attempt inside it are JSON texts of their own, or false. */
export const READ = `${PRELUDE}
-- An index may be lost without the record: then nobody would find the open attempt, and the target would wait for it
-- for ever. Redis may take no writes now, and can still be read.
local function index(key)
  local kind = typeOf(key)
  if kind ~= 'set' and kind ~= 'none' then return end
  if redis.call('SISMEMBER', key, recordKey) == 0 then redis.pcall('SADD', key, recordKey) end
end
if redis.call('EXISTS', recordKey) == 1 then index(recordsKey) end
if get('attempt') then index(openKey) end
local pausedAt, pauser = pausedSince()
local spent, spentShownAfter = {}, 0
local newestSpent = redis.call('ZREVRANGE', spentKey, 0, policy.spentShown - 1, 'WITHSCORES')
for index = 1, #newestSpent, 2 do
  if #newestSpent[index] <= policy.maxBootIdBytes then table.insert(spent, newestSpent[index]) end
end
if #newestSpent == 2 * policy.spentShown then
  -- Another program may have written any number.
  spentShownAfter = math.floor(math.max(0, math.min(now, tonumber(newestSpent[#newestSpent]))))
end
return cjson.encode({
  nowMs = now,
  open = get('attempt') or false,
  history = get('history') or '[]',
  dryHistory = get('dryHistory') or '[]',
  floors = get('floors') or '[]',
  cooldownUntilMs = number('cooldownUntilMs'),
  dryCooldownUntilMs = number('dryCooldownUntilMs'),
  sentLastHour = #sentLastHour(),
  heldUntilMs = heldUntil > now and heldUntil or 0,
  breakerOpenUntilMs = number('breakerUntilMs') > now and number('breakerUntilMs') or 0,
  breakerReason = number('breakerUntilMs') > now and get('breakerReason') or false,
  usefulFromMs = number('usefulFromMs'),
  pausedAll = isAllPaused(),
  pausedTarget = isTargetPaused(),
  hasWordOfAll = typeOf(pauseKey) ~= 'none',
  hasWordOfTarget = get('paused') ~= nil,
  writtenBackMs = number('writtenBackMs'),
  pausedSinceMs = pausedAt or false,
  pauser = pauser or false,
  epochMs = epoch,
  spent = spent,
  spentShownAfterMs = spentShownAfter,
})
`;

/**
 * The open attempts of all targets, as pairs of a record's key and its attempt (JSON), and then the keys that had a
 * wrong type. An index that is not a set is rebuilt; otherwise no target's attempts would continue. Members that are
 * not records are removed from it.
 */
export const OPEN = `${PRELUDE}
local attempts, mended = {}, {}
local function mend(key)
  local found = typeOf(key)
  if found == 'set' or found == 'none' then return false end
  redis.call('DEL', key)
  table.insert(mended, key)
  return true
end
local function holdsAttempt(key) return typeOf(key) == 'hash' and redis.call('HEXISTS', key, 'attempt') == 1 end

mend(recordsKey)
if mend(openKey) then
  for _, key in ipairs(redis.call('SMEMBERS', recordsKey)) do
    if holdsAttempt(key) then redis.call('SADD', openKey, key) end
  end
end
-- What all of them hold may be too much for one answer. Then each call begins at another one, so that every attempt has
-- its turn.
local keys = redis.call('SMEMBERS', openKey)
local bytes = 0
for at = 0, #keys - 1 do
  if bytes > args.maxBytes or #attempts >= args.maxAttempts then break end
  local key = keys[(now + at) % #keys + 1]
  if holdsAttempt(key) then
    -- A larger one is not ours: report it without sending its text.
    local text = redis.call('HSTRLEN', key, 'attempt') <= args.maxLength and redis.call('HGET', key, 'attempt') or ''
    bytes = bytes + #text
    table.insert(attempts, {key, text})
  else
    redis.call('SREM', openKey, key)
    local found = typeOf(key)
    if found ~= 'hash' and found ~= 'none' then table.insert(mended, key) end
  end
end
return {attempts, mended}
`;
