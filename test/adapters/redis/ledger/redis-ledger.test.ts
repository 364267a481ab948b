import { randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import { inject } from 'vitest';
import { createRedisState } from '../../../../src/adapters/redis/state.ts';
import { describeLedger } from '../../../models/ledger/ledger-contract.ts';

describeLedger('the ledger in Redis', async (policy) => {
  let offsetMs = 0;
  const url = inject('redisUrl');
  const keyPrefix = `test-${randomUUID()}:`;
  const state = createRedisState({ url, policy, keyPrefix, clockOffsetMs: () => offsetMs });
  await state.untilAvailable(5_000);
  const redis = new Redis(url);
  const empty = async () => {
    const keys = await redis.keys(`${keyPrefix}*`);
    if (keys.length > 0) await redis.del(...keys);
  };
  return {
    ledger: state.ledger,
    pass: (ms) => {
      offsetMs += ms;
    },
    empty,
    async stop() {
      await empty();
      redis.disconnect();
      await state.close();
    },
  };
});
