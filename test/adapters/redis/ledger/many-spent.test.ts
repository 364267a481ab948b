import { randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import { afterEach, beforeEach, expect, inject, it } from 'vitest';
import { type LedgerLoss, RememberingLedger } from '../../../../src/actuator/restart/remembering-ledger.ts';
import { createRedisState, type RedisState } from '../../../../src/adapters/redis/state.ts';
import type { Move } from '../../../../src/attempt/attempt.ts';
import { aClaim } from '../../../models/a-claim.ts';

const SHOP = { app: 'shop', processType: 'worker' };
const TO = { platformDynoId: 'platform-1', deadlineInMs: 90_000 };
const MOVES: readonly Move[] = [
  { to: 'draining', ...TO },
  { to: 'sending', ...TO },
  { to: 'closed', outcome: 'unconfirmed', evidence: '' },
];

let redis: Redis;
let prefix: string;
let state: RedisState;
let losses: LedgerLoss[];
let ledger: RememberingLedger;

beforeEach(async () => {
  redis = new Redis(inject('redisUrl'));
  prefix = `test-${randomUUID()}:`;
  const policy = { cooldownMs: 0, maxRestartsPerHour: 4, holdMs: 0 };
  state = createRedisState({ url: inject('redisUrl'), policy, keyPrefix: prefix, log: () => {} });
  await state.untilAvailable(5_000);
  losses = [];
  ledger = new RememberingLedger(state.ledger, (loss) => losses.push(loss));
});

afterEach(async () => {
  await state.close();
  const keys = await redis.keys(`${prefix}*`);
  if (keys.length > 0) await redis.del(...keys);
  redis.disconnect();
});

async function restarted(by: 'policy' | 'person' = 'policy'): Promise<void> {
  const answer = await ledger.claim(aClaim({ by }));
  if (!answer.ok) throw new Error(answer.why);
  let attempt = answer.attempt;
  for (const move of MOVES) {
    const moved = await ledger.advance(attempt, move);
    if (!moved.ok) throw new Error(moved.why);
    attempt = moved.attempt;
  }
}

/** As other actuators would, within the next moments. */
async function othersSpend(count: number): Promise<void> {
  const afterMs = Date.now() + 1_000;
  const members = Array.from({ length: count }, (_, index) => [afterMs + index, `other-${index}`]).flat();
  await redis.zadd(`${prefix}spent:${SHOP.app}:${SHOP.processType}`, ...members);
}

it('is not taken for a loss that the ledger shows only boots spent by others since', async () => {
  await restarted();
  await othersSpend(400);
  const { spentBootIds } = await ledger.read(SHOP);
  expect(spentBootIds).not.toContain('platform-1');
  await ledger.read(SHOP);
  expect(losses).toEqual([]);
});

it('shows, as spent last, the boot that a person restarts again', async () => {
  await restarted();
  const [dayAgoMs, hourAgoMs] = [Date.now() - 86_400_000, Date.now() - 3_600_000];
  const spent = `${prefix}spent:${SHOP.app}:${SHOP.processType}`;
  await redis.zadd(spent, dayAgoMs, 'platform-1', dayAgoMs, 'boot-1', hourAgoMs, 'other');
  await restarted('person');
  expect((await ledger.read(SHOP)).spentBootIds.at(-1)).toBe('other');
  expect(losses).toEqual([]);
});

it.each(['-inf', 'inf', '1.5'])('can be read with a foreign score of %s', async (score) => {
  const members = Array.from({ length: 300 }, (_, index) => [score, `other-${index}`]).flat();
  await redis.zadd(`${prefix}spent:${SHOP.app}:${SHOP.processType}`, ...members);
  const { spentBootIds, spentShownAfterMs, nowMs } = await ledger.read(SHOP);
  expect(spentBootIds).toHaveLength(300);
  expect(spentShownAfterMs).toBeLessThanOrEqual(nowMs);
});
