import { randomUUID } from 'node:crypto';
import { LedgerUnavailable } from '../../model/errors.ts';
import type { Leader } from '../../ports.ts';
import type { RedisConnection } from './connection.ts';
import type { Keys } from './keys.ts';

export interface LeaderOptions {
  readonly connection: RedisConnection;
  readonly keys: Keys;
  readonly log: (level: 'info' | 'warn', message: string) => void;
  /** How long the key lives without renewal; it is renewed three times as often. */
  readonly leaseMs?: number;
}

const LEASE_MS = 9_000;

/**
 * Takes the key if it is free, renews it if it is ours. A key of another type, or one that expires never or very late,
 * was written by no actuator: it is replaced, otherwise no actuator would ever lead.
 */
const HOLD = `
if redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) then return 1 end
local life = redis.call('PTTL', KEYS[1])
if redis.call('TYPE', KEYS[1]).ok ~= 'string' or life < 0 or life > 100 * tonumber(ARGV[2]) then
  redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
  return 1
end
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('PEXPIRE', KEYS[1], ARGV[2])
`;

const RELEASE = `
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0
`;

export function createLeader({ connection, keys, log, leaseMs = LEASE_MS }: LeaderOptions): Leader {
  const id = randomUUID();
  const listeners: (() => void)[] = [];
  let held: boolean | null = null;
  let answeredAtMs = Number.NEGATIVE_INFINITY;
  let timer: NodeJS.Timeout | undefined;
  let trying: Promise<void> = Promise.resolve();

  const attempt = async () => {
    const before = held;
    try {
      held = (await connection.run('the leader key', (redis) => redis.eval(HOLD, 1, keys.leader, id, leaseMs))) === 1;
      answeredAtMs = performance.now();
    } catch (error) {
      if (!(error instanceof LedgerUnavailable)) throw error;
      if (held !== false || performance.now() - answeredAtMs >= leaseMs) held = null;
    }
    if (held !== before && held !== null) {
      log('info', held ? 'this actuator leads' : 'another actuator leads; this one stands by');
    }
    if (held === true && before !== true) for (const listener of listeners) listener();
  };
  const tryNow = () => {
    trying = attempt();
    return trying;
  };

  return {
    isLeader: () => held ?? true,
    onLeading: (listener) => void listeners.push(listener),
    start() {
      if (timer !== undefined) return;
      connection.onReady(() => timer !== undefined && void tryNow());
      timer = setInterval(() => void tryNow(), leaseMs / 3);
      void tryNow();
    },
    async stop() {
      clearInterval(timer);
      timer = undefined;
      await trying;
      if (held !== true) return;
      held = false;
      await connection
        .run('the leader key', (redis) => redis.eval(RELEASE, 1, keys.leader, id))
        .catch((error: unknown) => log('warn', `the leader key was not given back: ${String(error)}`));
    },
  };
}
