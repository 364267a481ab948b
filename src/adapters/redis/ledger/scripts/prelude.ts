/**
 * The start of each of the ledger's scripts. Redis runs a script as one step, and all times are Redis's own. `KEYS` are
 * always the same six, in the order of the prelude's first line; `ARGV[1]` is a JSON object with the policy's numbers,
 * `ARGV[2]` one with the arguments.
 *
 * A record is a hash with the fields: `attempt` (JSON, only while one is open), `spends` (JSON, the ids that the open
 * attempt has spent), `history` and `dryHistory` (JSON lists, newest first), `sent` (JSON list of times within the last
 * hour), `cooldownUntilMs`, `dryCooldownUntilMs`, `breakerUntilMs`, `breakerReason`, `countFromMs` (what closed before
 * does not count towards the breaker), `usefulFromMs` (what closed before says nothing of what restarts are good for),
 * `paused`, `pausedAtMs`, `pauser`, `floors` (JSON list of `LearnedBoot`, newest first), `release`, `rebuiltIn` (the
 * epoch in which its restarts were rebuilt from dyno ages), `writtenBackMs` (of the newest write-back).
 */

export const PRELUDE = `
local recordKey, spentKey, openKey, recordsKey, pauseKey, epochKey = unpack(KEYS)
local policy = cjson.decode(ARGV[1])
local args = cjson.decode(ARGV[2])
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000) + policy.clockOffsetMs

local function typeOf(key) return redis.call('TYPE', key).ok end

-- Without an epoch Redis is new or has lost everything: hold restarts from now on. The same where the epoch is not a
-- time or lies in the future: another program wrote it. It is written only in these cases, so that a full Redis can
-- still be read.
local epoch = typeOf(epochKey) == 'string' and tonumber(redis.call('GETRANGE', epochKey, 0, 63)) or nil
if not (epoch and epoch > 0 and epoch <= now) then
  epoch = now
  redis.call('SET', epochKey, string.format('%.0f', now))
end
local heldUntil = epoch + policy.holdMs

-- A longer value is not ours, and does not leave Redis. What stands for it is in no form that is read.
local function get(field)
  if redis.call('HSTRLEN', recordKey, field) > policy.maxFieldBytes then return 'it is too long' end
  return redis.call('HGET', recordKey, field) or nil
end
local function number(field) return tonumber(get(field) or '0') end
local function set(field, value)
  if type(value) == 'number' then value = string.format('%.0f', value) end
  -- The index first: if that fails, no record may remain that cannot be found.
  redis.call('SADD', recordsKey, recordKey)
  redis.call('HSET', recordKey, field, value)
end
local function list(field)
  local text = get(field)
  return text and cjson.decode(text) or {}
end
-- cjson writes an empty table as an object.
local function setList(field, value, cap)
  while #value > cap do table.remove(value) end
  set(field, #value == 0 and '[]' or cjson.encode(value))
end
local function known(value) return value ~= nil and value ~= cjson.null end
-- A person's last command. '0' is a resume, kept so that an actuator that remembers a pause from before a loss cannot
-- undo it. Any other value is a pause.
local function isAllPaused()
  local kind = typeOf(pauseKey)
  return kind ~= 'none' and not (kind == 'string' and redis.call('GETRANGE', pauseKey, 0, 1) == '0')
end
local function isTargetPaused() return (get('paused') or '0') ~= '0' end
-- When the pause in force began and who made it; each is nil where it is unknown. The pause of all is its time and,
-- after a space, the name; an older version wrote the time alone.
local function pausedSince()
  if not isAllPaused() then
    if not isTargetPaused() then return nil, nil end
    return tonumber(get('pausedAtMs') or ''), get('pauser')
  end
  local text = typeOf(pauseKey) == 'string' and redis.call('GETRANGE', pauseKey, 0, 1023) or ''
  local at, by = string.match(text, '^(%d+) ?(.*)$')
  return tonumber(at or ''), by ~= '' and by or nil
end
local function pause(isAll, by)
  if isAll and not isAllPaused() then
    local at = string.format('%.0f', now)
    redis.call('SET', pauseKey, known(by) and at .. ' ' .. by or at)
  elseif not isAll and not isTargetPaused() then
    set('paused', '1')
    set('pausedAtMs', now)
    if known(by) then set('pauser', by) else redis.call('HDEL', recordKey, 'pauser') end
  end
end
local function isPaused() return isAllPaused() or isTargetPaused() end
local function isSpent(id) return known(id) and redis.call('ZSCORE', spentKey, id) ~= false end
local function sentLastHour()
  local recent = {}
  for _, at in ipairs(list('sent')) do
    if at > now - 3600000 then table.insert(recent, at) end
  end
  return recent
end
local function raise(field, untilMs)
  if untilMs > number(field) then set(field, untilMs) end
end

local function openBreaker(reason)
  set('breakerUntilMs', now + policy.breakerOpenMs)
  set('breakerReason', reason)
  -- The attempts that opened it must not open it again after it has closed.
  set('countFromMs', now + policy.breakerOpenMs)
end
local function closeBreaker()
  redis.call('HDEL', recordKey, 'breakerUntilMs', 'breakerReason')
  set('countFromMs', now)
  set('usefulFromMs', now)
end
local function judgeBreaker()
  if number('breakerUntilMs') > now then return end
  local from = number('countFromMs')
  local fruitless, failed, countFruitless, countFailed = 0, 0, true, true
  for _, entry in ipairs(list('history')) do
    if entry.closedAtMs <= from then break end
    local failure = entry.outcome == 'unconfirmed' or (entry.outcome == 'refused' and not entry.notTheTargets)
    if failure and countFailed then failed = failed + 1 end
    if entry.outcome == 'restarted' then
      countFailed = false
      if (known(entry.reclaimedBytes) or entry.gaveNothing) and countFruitless then
        if entry.gaveNothing then fruitless = fruitless + 1 else countFruitless = false end
      end
    end
  end
  if fruitless >= policy.breakerFruitless then openBreaker(policy.fruitlessReason)
  elseif failed >= policy.breakerFailed then openBreaker(policy.failedReason) end
end
`;
