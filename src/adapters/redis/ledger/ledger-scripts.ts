/**
 * The ledger's scripts. Redis runs each of them as one step, and all times in them are Redis's own. `KEYS` are always the same
 * six, in the order in which the prelude names them, `ARGV[1]` is a JSON object with the policy's numbers, `ARGV[2]` one with the arguments.
 *
 * A record is a hash with the fields: `attempt` (JSON, only while one is open), `spends` (JSON, the ids that the open attempt has spent),
 * `history` and `dryHistory` (JSON lists, newest first), `sent` (JSON list of times within the last hour), `cooldownUntilMs`,
 * `dryCooldownUntilMs`, `breakerUntilMs`, `breakerReason`, `countFromMs` (what closed before does not count towards the breaker),
 * `usefulFromMs` (what closed before says nothing of what restarts are good for), `paused`, `pausedAtMs`,
 * `floors` (JSON list of `LearnedBoot`, newest first), `release`, `rebuiltIn` (the epoch in which its restarts were rebuilt from dyno ages).
 */

const PRELUDE = `
local recordKey, spentKey, openKey, recordsKey, pauseKey, epochKey = unpack(KEYS)
local policy = cjson.decode(ARGV[1])
local args = cjson.decode(ARGV[2])
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000) + policy.clockOffsetMs

local function typeOf(key) return redis.call('TYPE', key).ok end

-- A Redis that knows no epoch is new, or has lost everything: restarts are held for a while from here. So they are where the epoch is no time, or
-- one that has not come yet: somebody else wrote it. Written only then, so that a full Redis can still be read.
local epoch = typeOf(epochKey) == 'string' and tonumber(redis.call('GET', epochKey)) or nil
if not (epoch and epoch > 0 and epoch <= now) then
  epoch = now
  redis.call('SET', epochKey, string.format('%.0f', now))
end
local heldUntil = epoch + policy.holdMs

local function get(field) return redis.call('HGET', recordKey, field) or nil end
local function number(field) return tonumber(get(field) or '0') end
local function set(field, value)
  if type(value) == 'number' then value = string.format('%.0f', value) end
  -- The index first: what fails there must not leave a record behind that nobody finds.
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
-- A person's last word: '0' where it was to resume, so that an actuator that still knows a pause from before a loss cannot undo it. Whatever else is
-- there is a pause.
local function isAllPaused()
  local kind = typeOf(pauseKey)
  return kind ~= 'none' and not (kind == 'string' and redis.call('GET', pauseKey) == '0')
end
local function isTargetPaused() return (get('paused') or '0') ~= '0' end
-- Nil where it is not paused, or not known since when.
local function pausedSince()
  if not isAllPaused() then return isTargetPaused() and tonumber(get('pausedAtMs') or '') or nil end
  return typeOf(pauseKey) == 'string' and tonumber(redis.call('GET', pauseKey)) or nil
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
  -- What opened it must not open it again after it has closed.
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

/** Answers `{'ok', attempt}` or `{'no', why}`. The order of the checks is the order in which a person would want to know. */
export const CLAIM = `${PRELUDE}
local attempt = args.attempt
local byPolicy = attempt.by == 'policy'
if isPaused() then return {'no', 'paused'} end
if now < heldUntil then return {'no', 'ledger-hold'} end
if get('attempt') then return {'no', 'attempt-open'} end
if byPolicy then
  if number('breakerUntilMs') > now then return {'no', 'breaker-open'} end
  if isSpent(attempt.bootId) then return {'no', 'boot-spent'} end
  if number('cooldownUntilMs') > now then return {'no', 'cooldown'} end
  if attempt.dryRun and number('dryCooldownUntilMs') > now then return {'no', 'cooldown'} end
  if not attempt.dryRun and #sentLastHour() >= policy.maxRestartsPerHour then return {'no', 'budget'} end
end
attempt.claimedAtMs = now
attempt.deadlineMs = now + args.deadlineInMs
local text = cjson.encode(attempt)
redis.call('SADD', openKey, recordKey)
set('attempt', text)
redis.call('HDEL', recordKey, 'spends')
return {'ok', text}
`;

/** Answers as `CLAIM` does. `args` has the `id`, `phase` and `epoch` to compare with, the `move`, and whether it `startsCooldown`. */
export const ADVANCE = `${PRELUDE}
local text = get('attempt')
if not text then return {'no', 'overtaken'} end
local attempt = cjson.decode(text)
if attempt.id ~= args.id or attempt.phase ~= args.phase or attempt.epoch ~= args.epoch then return {'no', 'overtaken'} end
local move = args.move
local byPolicy = attempt.by == 'policy'

local function spend(id)
  if not known(id) or redis.call('ZADD', spentKey, 'NX', now, id) == 0 then return end
  local spends = list('spends')
  table.insert(spends, id)
  set('spends', cjson.encode(spends))
end

if move.to ~= 'closed' and byPolicy and isSpent(move.platformDynoId) then
  -- From now on the claim knows it by this id too.
  redis.call('ZADD', spentKey, 'NX', now, attempt.bootId)
  return {'no', 'boot-spent'}
end
if move.to ~= 'closed' and now < heldUntil then return {'no', 'ledger-hold'} end
if move.to == 'sending' then
  if isPaused() then return {'no', 'paused'} end
  if byPolicy and number('breakerUntilMs') > now then return {'no', 'breaker-open'} end
  if now > attempt.deadlineMs + policy.sendWindowMs then return {'no', 'overtaken'} end
  attempt.sendingAtMs = now
  redis.call('ZREMRANGEBYSCORE', spentKey, '-inf', now - policy.forgetSpentMs)
  spend(attempt.bootId)
  spend(move.platformDynoId)
  local sent = sentLastHour()
  table.insert(sent, 1, now)
  setList('sent', sent, 1000)
end

attempt.phase = move.to
attempt.epoch = attempt.epoch + 1
if move.to ~= 'closed' then
  attempt.platformDynoId = move.platformDynoId
  attempt.deadlineMs = now + move.deadlineInMs
  text = cjson.encode(attempt)
  set('attempt', text)
  return {'ok', text}
end

attempt.closedAtMs = now
attempt.outcome = move.outcome
attempt.evidence = move.evidence
if move.outcome == 'refused' then
  -- Proof that nothing was restarted: what this attempt has spent is free again, what was spent before it is not.
  for _, id in ipairs(list('spends')) do redis.call('ZREM', spentKey, id) end
end
local history = list(attempt.dryRun and 'dryHistory' or 'history')
table.insert(history, 1, {
  attemptId = attempt.id, dyno = attempt.dyno, bootId = attempt.bootId, outcome = move.outcome, by = attempt.by,
  reason = attempt.reason, sendingAtMs = attempt.sendingAtMs, closedAtMs = now, usageBytes = attempt.usageBytes,
  reclaimedBytes = cjson.null, backAfterMs = cjson.null, notTheTargets = move.notTheTargets or false,
})
setList(attempt.dryRun and 'dryHistory' or 'history', history, policy.historyLength)
if args.startsCooldown then
  local from = known(attempt.sendingAtMs) and attempt.sendingAtMs or now
  raise(attempt.dryRun and 'dryCooldownUntilMs' or 'cooldownUntilMs', from + policy.cooldownMs)
end
redis.call('HDEL', recordKey, 'attempt', 'spends')
redis.call('SREM', openKey, recordKey)
judgeBreaker()
return {'ok', cjson.encode(attempt)}
`;

/** Answers a JSON object; lists and the attempt inside it are JSON texts of their own, or false. */
export const READ = `${PRELUDE}
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
  pausedSinceMs = pausedSince() or false,
  epochMs = epoch,
  spent = redis.call('ZREVRANGE', spentKey, 0, policy.spentShown - 1),
})
`;

/**
 * The open attempts of all targets: pairs of a record's key and its attempt as JSON. Then the keys that were not what they should be. An index that is no
 * set is made anew: without that no target's attempts would go on. A member that is no record is dropped from it.
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
for _, key in ipairs(redis.call('SMEMBERS', openKey)) do
  if holdsAttempt(key) then
    -- One of that size is none of ours; it is told without being sent.
    local text = redis.call('HSTRLEN', key, 'attempt') <= args.maxLength and redis.call('HGET', key, 'attempt') or ''
    table.insert(attempts, {key, text})
  else
    redis.call('SREM', openKey, key)
    local found = typeOf(key)
    if found ~= 'hash' and found ~= 'none' then table.insert(mended, key) end
  end
end
return {attempts, mended}
`;

export const RECORD_RECLAIMED = `${PRELUDE}
local history = list('history')
for _, entry in ipairs(history) do
  if entry.attemptId == args.attemptId and not known(entry.reclaimedBytes) then
    entry.reclaimedBytes = args.reclaimedBytes
    entry.gaveNothing = entry.gaveNothing or args.reclaimedBytes <= policy.nothingBackFraction * (known(entry.usageBytes) and entry.usageBytes or 0)
    setList('history', history, policy.historyLength)
    judgeBreaker()
    return 1
  end
end
return 0
`;

export const RECORD_BACK_SOON = `${PRELUDE}
local history = list('history')
for _, entry in ipairs(history) do
  if entry.attemptId == args.attemptId and not known(entry.backAfterMs) then
    entry.backAfterMs = args.backAfterMs
    entry.gaveNothing = true
    setList('history', history, policy.historyLength)
    judgeBreaker()
    return 1
  end
end
return 0
`;

export const LEARN_FLOOR = `${PRELUDE}
args.learnedAtMs = now
local floors, ofDyno = {args}, 1
-- What cannot be read teaches nothing, and is written over.
local isReadable, before = pcall(list, 'floors')
for _, learned in ipairs(isReadable and type(before) == 'table' and before or {}) do
  local hasLearned = type(learned) == 'table'
    and (type(learned.floorBytes) == 'number' or type(learned.bytesPerJob) == 'number')
  local isOfDyno = hasLearned and learned.dyno == args.dyno
  if hasLearned and not (isOfDyno and learned.bootId == args.bootId) then
    if isOfDyno then ofDyno = ofDyno + 1 end
    if not isOfDyno or ofDyno <= policy.floorsPerDyno then table.insert(floors, learned) end
  end
end
setList('floors', floors, policy.floorsLearned)
return 1
`;

export const NOTE_RELEASE = `${PRELUDE}
local before = get('release')
if before and tonumber(before) >= args.version then return 0 end
set('release', args.version)
if before then closeBreaker() end
return 1
`;

export const REBUILD = `${PRELUDE}
if tonumber(get('rebuiltIn')) == epoch then return 0 end
set('rebuiltIn', epoch)
if #sentLastHour() > 0 or #args.restartedAtMs == 0 then return 0 end
setList('sent', args.restartedAtMs, 1000)
raise('cooldownUntilMs', args.restartedAtMs[1] + policy.cooldownMs)
return 1
`;

/** `args` is a `KnownRecord`. Nothing that this ledger has heard itself is changed. */
export const WRITE_BACK = `${PRELUDE}
for _, id in ipairs(args.spentBootIds) do redis.call('ZADD', spentKey, 'NX', now, id) end
if args.cooldownUntilMs > now then raise('cooldownUntilMs', args.cooldownUntilMs) end
if args.pausedBy.all then redis.call('SET', pauseKey, string.format('%.0f', now), 'NX') end
if args.pausedBy.target and not get('paused') then
  set('paused', '1')
  set('pausedAtMs', now)
end
-- Set by whatever closes a breaker: a new release, or a person.
if args.breakerOpenUntilMs > now and not get('countFromMs') then
  set('breakerUntilMs', args.breakerOpenUntilMs)
  set('breakerReason', known(args.breakerReason) and args.breakerReason or '')
  set('countFromMs', args.breakerOpenUntilMs)
end
if not known(args.sending) or get('attempt') then return 1 end
for _, entry in ipairs(list('history')) do
  if entry.attemptId == args.sending.id then return 1 end
end
set('attempt', cjson.encode(args.sending))
redis.call('SADD', openKey, recordKey)
return 1
`;

export const PAUSE = `${PRELUDE}
-- A pause that is said again goes on: it began with the first.
if args.all then
  if not isAllPaused() then redis.call('SET', pauseKey, string.format('%.0f', now)) end
elseif not isTargetPaused() then
  set('paused', '1')
  set('pausedAtMs', now)
end
return 1
`;

/** Answers the keys of records that could not be resumed; every other one was. */
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
