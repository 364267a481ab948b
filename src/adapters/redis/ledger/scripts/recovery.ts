import { PRELUDE } from './prelude.ts';

export const REBUILD = `${PRELUDE}
if tonumber(get('rebuiltIn')) == epoch then return 0 end
set('rebuiltIn', epoch)
if #sentLastHour() > 0 or #args.restartedAtMs == 0 then return 0 end
setList('sent', args.restartedAtMs, 1000)
raise('cooldownUntilMs', args.restartedAtMs[1] + policy.cooldownMs)
return 1
`;

/** `args` is a `KnownRecord`. Changes nothing that was written into this ledger since. */
export const WRITE_BACK = `${PRELUDE}
for _, id in ipairs(args.spentBootIds) do redis.call('ZADD', spentKey, 'NX', now, id) end
local sent, isCounted, isMore = sentLastHour(), {}, false
for _, at in ipairs(sent) do isCounted[string.format('%.0f', at)] = true end
for _, at in ipairs(args.sentAtMs) do
  if at + policy.cooldownMs > now then raise('cooldownUntilMs', at + policy.cooldownMs) end
  -- A ledger that is held is new: there REBUILD counts the restarts of all actuators.
  if now >= heldUntil and at > now - 3600000 and not isCounted[string.format('%.0f', at)] then
    table.insert(sent, at)
    isMore = true
  end
end
if isMore then
  table.sort(sent, function(one, other) return one > other end)
  setList('sent', sent, 1000)
end
if args.cooldownUntilMs > now then raise('cooldownUntilMs', args.cooldownUntilMs) end
if args.pausedBy.target and not get('paused') then pause(false, args.pauser) end
if args.pausedBy.all and typeOf(pauseKey) == 'none' then pause(true, args.pauser) end
-- Set when a breaker is closed, by a new release or a person.
if args.breakerOpenUntilMs > now and not get('countFromMs') then
  set('breakerUntilMs', args.breakerOpenUntilMs)
  set('breakerReason', known(args.breakerReason) and args.breakerReason or '')
  set('countFromMs', args.breakerOpenUntilMs)
end
-- Who has nothing to write back leaves no record.
if redis.call('EXISTS', recordKey) == 1 then set('writtenBackMs', math.max(now, number('writtenBackMs'))) end
local open = get('attempt') and cjson.decode(get('attempt'))
local sentAttempts = args.sentAttempts
if known(args.sending) then table.insert(sentAttempts, args.sending) end
for _, sending in ipairs(sentAttempts) do
  -- A replica that lags may show the attempt as it was before it was sent.
  if open and open.id == sending.id and open.epoch < sending.epoch then
    set('attempt', cjson.encode(sending))
    return 1
  end
end
if not known(args.sending) or open then return 1 end
for _, entry in ipairs(list('history')) do
  if entry.attemptId == args.sending.id then return 1 end
end
set('attempt', cjson.encode(args.sending))
redis.call('SADD', openKey, recordKey)
return 1
`;
