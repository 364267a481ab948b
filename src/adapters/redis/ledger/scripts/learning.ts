import { PRELUDE } from './prelude.ts';

export const RECORD_RECLAIMED = `${PRELUDE}
local history = list('history')
for _, entry in ipairs(history) do
  if entry.attemptId == args.attemptId and not known(entry.reclaimedBytes) then
    entry.reclaimedBytes = args.reclaimedBytes
    local usageBytes = known(entry.usageBytes) and entry.usageBytes or 0
    local gaveNothing = args.reclaimedBytes <= policy.nothingBackFraction * usageBytes
    entry.gaveNothing = entry.gaveNothing or gaveNothing
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
-- A list that cannot be read is replaced.
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
