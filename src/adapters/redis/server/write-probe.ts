/**
 * Rewrites the current value; writes nothing if the key does not exist. A Redis without memory refuses the command
 * either way. KEYS[1] is the epoch.
 */
export const REWRITE = `
redis.call('SET', KEYS[1], redis.call('GET', KEYS[1]) or '', 'XX')
return 1
`;

/**
 * Makes every command of the state's scripts on KEYS[1], a key that nothing else uses, and answers the first refusal
 * with the command's name, which Redis leaves out. The other keys are only named: Redis refuses a script whose keys its
 * user may not write. What creates the key comes last, each followed by DEL, so that a refusal leaves nothing behind.
 */
export const TRY_ALL = `
local key = KEYS[1]
local commands = {
  {'TIME'}, {'DEL', key}, {'TYPE', key}, {'EXISTS', key}, {'PTTL', key}, {'PEXPIRE', key, 1},
  {'GET', key}, {'STRLEN', key}, {'GETRANGE', key, 0, 0},
  {'HGET', key, 'a'}, {'HSTRLEN', key, 'a'}, {'HEXISTS', key, 'a'}, {'HDEL', key, 'a'},
  {'SMEMBERS', key}, {'SISMEMBER', key, 'a'}, {'SSCAN', key, 0}, {'SREM', key, 'a'},
  {'ZSCORE', key, 'a'}, {'ZREVRANGE', key, 0, 0}, {'ZREM', key, 'a'}, {'ZREMRANGEBYSCORE', key, 0, 0},
  {'XREVRANGE', key, '+', '-', 'COUNT', 1}, {'XRANGE', key, '-', '+', 'COUNT', 1},
  {'SET', key, 'a', 'PX', 60000}, {'DEL', key}, {'HSET', key, 'a', 'a'}, {'DEL', key}, {'SADD', key, 'a'}, {'DEL', key},
  {'ZADD', key, 'NX', 0, 'a'}, {'DEL', key}, {'XADD', key, 'MAXLEN', '~', 1, '*', 'a', 'a'}, {'DEL', key},
}
for _, command in ipairs(commands) do
  local answer = redis.pcall(unpack(command))
  local refusal = type(answer) == 'table' and answer.err
  if refusal then return redis.error_reply(refusal .. ' (' .. command[1] .. ')') end
end
return 1
`;
