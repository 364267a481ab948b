import { PRELUDE } from './prelude.ts';

/** Answers `{'ok', attempt}` or `{'no', why}`. The checks come in the order that is most useful to a person. */
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

/**
 * Answers as `CLAIM` does. `args` has the `id`, `phase` and `epoch` to compare with, the `move`, and whether it
 * `startsCooldown`.
 */
export const ADVANCE = `${PRELUDE}
local text = get('attempt')
if not text then return {'no', 'overtaken'} end
local attempt = cjson.decode(text)
local isSame = attempt.id == args.id and attempt.phase == args.phase and attempt.epoch == args.epoch
if not isSame then return {'no', 'overtaken'} end
local move = args.move
local byPolicy = attempt.by == 'policy'

local function spend(id)
  -- A boot that a person restarts again is spent from now on: it must not be forgotten with the first restart.
  if not known(id) or redis.call('ZADD', spentKey, now, id) == 0 then return end
  local spends = list('spends')
  table.insert(spends, id)
  set('spends', cjson.encode(spends))
end

if move.to ~= 'closed' and byPolicy and isSpent(move.platformDynoId) then
  -- From now on a claim recognises the boot by this id too.
  redis.call('ZADD', spentKey, 'NX', now, attempt.bootId)
  return {'no', 'boot-spent'}
end
if move.to ~= 'closed' and now < heldUntil then return {'no', 'ledger-hold'} end
-- The claim has asked for both, and no other restart can have been sent since, unless the ledger had lost one.
if move.to ~= 'closed' and byPolicy then
  if number('cooldownUntilMs') > now then return {'no', 'cooldown'} end
  if #sentLastHour() >= policy.maxRestartsPerHour then return {'no', 'budget'} end
end
if move.to == 'sending' then
  if isPaused() then return {'no', 'paused'} end
  if byPolicy and number('breakerUntilMs') > now then return {'no', 'breaker-open'} end
  if now > attempt.deadlineMs + policy.sendWindowMs then return {'no', 'overtaken'} end
  attempt.sendingAtMs = now
  attempt.memoryReport = move.memoryReport
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
  if move.to == 'draining' then attempt.drainingAtMs = now end
  text = cjson.encode(attempt)
  set('attempt', text)
  return {'ok', text}
end

attempt.closedAtMs = now
attempt.outcome = move.outcome
attempt.evidence = move.evidence
if move.outcome == 'refused' then
  -- Proof that nothing was restarted: free the ids that this attempt has spent, but none spent before.
  for _, id in ipairs(list('spends')) do redis.call('ZREM', spentKey, id) end
end
local expected = known(attempt.notes) and attempt.notes.expectedBytes or cjson.null
local history = list(attempt.dryRun and 'dryHistory' or 'history')
table.insert(history, 1, {
  attemptId = attempt.id, dyno = attempt.dyno, bootId = attempt.bootId, outcome = move.outcome, by = attempt.by,
  reason = attempt.reason, sendingAtMs = attempt.sendingAtMs, closedAtMs = now, usageBytes = attempt.usageBytes,
  reclaimedBytes = cjson.null, backAfterMs = cjson.null, notTheTargets = move.notTheTargets or false,
  expectedBytes = expected,
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
