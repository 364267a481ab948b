/** The key that one of several actuators holds; worker and actuator know it. */

/** How long the key lives without renewal; it is renewed three times as often. */
export const LEASE_MS = 9_000;

/** Where actuators run inside the workers, each target has a leader of its own. Nobody else writes this key. */
export function embeddedLeaderKey({ app, processType }: { readonly app: string; readonly processType: string }) {
  return `tidemark:leader:${app}:${processType}`;
}

/**
 * Takes KEYS[1] for ARGV[1] if it is free, renews it if it is ours; ARGV[2] is its life in ms. A key of another type,
 * or one that expires never or very late, was written by no actuator: it is replaced, otherwise no actuator would ever
 * lead.
 */
export const HOLD_LEAD = `
if redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) then return 1 end
local life = redis.call('PTTL', KEYS[1])
if redis.call('TYPE', KEYS[1]).ok ~= 'string' or life < 0 or life > 100 * tonumber(ARGV[2]) then
  redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
  return 1
end
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('PEXPIRE', KEYS[1], ARGV[2])
`;
