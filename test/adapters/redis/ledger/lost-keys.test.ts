import { randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest';
import { RememberingLedger } from '../../../../src/actuator/restart/remembering-ledger.ts';
import { createRedisState, type RedisState } from '../../../../src/adapters/redis/state.ts';
import type { Attempt, Move } from '../../../../src/attempt/attempt.ts';
import { aClaim } from '../../../models/a-claim.ts';

/** What an eviction, or a person with DEL, takes away: one key, and nothing else. */

const SHOP = { app: 'shop', processType: 'worker' };
const COOLDOWN_MS = 600_000;
const POLICY = { cooldownMs: COOLDOWN_MS, maxRestartsPerHour: 4, holdMs: 0 };
const TO = { platformDynoId: 'platform-boot-1', deadlineInMs: 90_000 };

let redis: Redis;
let prefix: string;
let state: RedisState;
let losses: number;
/** The actuator that lives on, and one that dies. */
let mine: RememberingLedger;
let other: RememberingLedger;

beforeEach(async () => {
  const url = inject('redisUrl');
  redis = new Redis(url);
  prefix = `test-${randomUUID()}:`;
  state = createRedisState({ url, policy: POLICY, keyPrefix: prefix });
  await state.untilAvailable(5_000);
  losses = 0;
  mine = new RememberingLedger(state.ledger, () => {
    losses += 1;
  });
  other = new RememberingLedger(state.ledger);
  await mine.read(SHOP);
});

afterEach(async () => {
  const keys = await redis.keys(`${prefix}*`);
  if (keys.length > 0) await redis.del(...keys);
  redis.disconnect();
  await state.close();
});

async function claimed(): Promise<Attempt> {
  const answer = await other.claim(aClaim());
  if (!answer.ok) throw new Error(answer.why);
  return answer.attempt;
}

async function moved(attempt: Attempt, move: Move): Promise<Attempt> {
  const answer = await other.advance(attempt, move);
  if (!answer.ok) throw new Error(answer.why);
  return answer.attempt;
}

/** A restart that another actuator has brought about. */
async function restarted(): Promise<void> {
  const sending = await moved(await moved(await claimed(), { to: 'draining', ...TO }), { to: 'sending', ...TO });
  await moved(sending, { to: 'closed', outcome: 'restarted', evidence: '' });
}

const lose = async (key: string) => expect(await redis.del(`${prefix}${key}`)).toBe(1);

describe('a key of the ledger that is lost without the others', () => {
  it("is the target's record: its pause is given again, and said to be lost", async () => {
    await state.ledger.pause(SHOP, 'ana');
    await mine.read(SHOP);
    await lose('ledger:shop:worker');
    expect(await mine.read(SHOP)).toMatchObject({ paused: true, pauser: 'ana' });
    expect(losses).toBe(1);
  });

  it('is the pause of all: it is given again', async () => {
    await state.ledger.pause(null, 'ana');
    await mine.read(SHOP);
    await lose('pause-all');
    expect(await mine.read(SHOP)).toMatchObject({ paused: true, pausedBy: { all: true } });
    expect(losses).toBe(1);
  });

  it("is the target's record: cooldown and budget hold, of what another actuator sent too", async () => {
    await restarted();
    const { cooldownUntilMs } = await mine.read(SHOP);
    await lose('ledger:shop:worker');
    expect(await mine.read(SHOP)).toMatchObject({ cooldownUntilMs, sentLastHour: 1 });
    expect(await mine.claim(aClaim({ bootId: 'boot-2' }))).toEqual({ ok: false, why: 'cooldown' });
    expect(losses).toBe(1);
  });

  it('is the set of spent boots: they are spent again, of what another actuator sent too', async () => {
    await restarted();
    await mine.read(SHOP);
    await lose('spent:shop:worker');
    expect([...(await mine.read(SHOP)).spentBootIds].sort()).toEqual(['boot-1', 'platform-boot-1']);
    expect(losses).toBe(1);
  });

  it.each<[string, readonly string[]]>([
    ['the record', ['ledger:shop:worker']],
    ['the record and the spent boots', ['ledger:shop:worker', 'spent:shop:worker']],
  ])('may be %s time after time: each is noticed, and all of it is written back', async (_, keys) => {
    await restarted();
    const { cooldownUntilMs } = await mine.read(SHOP);
    for (let time = 1; time <= 3; time += 1) {
      for (const key of keys) await lose(key);
      const view = await mine.read(SHOP);
      expect(view).toMatchObject({ cooldownUntilMs, sentLastHour: 1 });
      expect([...view.spentBootIds].sort()).toEqual(['boot-1', 'platform-boot-1']);
      expect(losses).toBe(time);
    }
    expect(await mine.claim(aClaim())).toMatchObject({ ok: false });
  });

  it('may be the spent boots after the record: they are spent again', async () => {
    await restarted();
    await mine.read(SHOP);
    await lose('ledger:shop:worker');
    await mine.read(SHOP);
    await lose('spent:shop:worker');
    expect([...(await mine.read(SHOP)).spentBootIds].sort()).toEqual(['boot-1', 'platform-boot-1']);
    expect(losses).toBe(2);
  });

  it('is the index of open attempts: the attempt goes on', async () => {
    const attempt = await claimed();
    await mine.read(SHOP);
    await lose('open');
    expect(await mine.open()).toEqual([attempt]);
    expect(losses).toBe(0);
  });

  it('is the index of open attempts, and nobody knew of the attempt: it is found with the target', async () => {
    const attempt = await claimed();
    await lose('open');
    const late = new RememberingLedger(state.ledger);
    expect(await late.open()).toEqual([]);
    await late.read(SHOP);
    expect(await late.open()).toEqual([attempt]);
  });

  it('is the index of records: a resume of all finds every one', async () => {
    await claimed();
    await lose('ledgers');
    await mine.read(SHOP);
    expect(await redis.smembers(`${prefix}ledgers`)).toEqual([`${prefix}ledger:shop:worker`]);
  });

  it('is not missed where a person resumed', async () => {
    await state.ledger.pause(SHOP);
    await state.ledger.pause(null);
    await mine.read(SHOP);
    await state.ledger.resume(null);
    await state.ledger.resume(SHOP);
    expect((await mine.read(SHOP)).paused).toBe(false);
    expect(losses).toBe(0);
  });
});
