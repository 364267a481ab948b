import { randomUUID } from 'node:crypto';
import { afterEach, describe, expect, inject, it } from 'vitest';
import { createRedisState, type RedisState } from '../../../src/adapters/redis/state.ts';
import { defaultPolicy } from '../../../src/config/policy.ts';
import { ModelPlatform } from '../../models/model-platform.ts';
import { ModelSnapshots, ModelTopic } from '../../models/partitions/model-topic.ts';
import { PartitionActuator } from '../../models/partitions/partition-actuator.ts';
import { VirtualClock } from '../../models/virtual-clock.ts';

const STEP_MS = 500;
const REPLACE_AFTER_MS = 3_000;
const DYNOS = ['worker.1', 'worker.2', 'worker.3'];
const POLICY = {
  ...defaultPolicy(1_000),
  hardLimit: { kind: 'fraction' as const, fraction: 0.8 },
  minUptimeMs: 0,
  graceMs: 0,
  dynoCycleMs: null,
};

describe('two actuators that both believe they hold a target', () => {
  const states: RedisState[] = [];
  afterEach(() => Promise.all(states.map((state) => state.close())));

  async function openState(keyPrefix: string): Promise<RedisState> {
    const policy = { cooldownMs: 0, maxRestartsPerHour: 1_000, holdMs: 0 };
    const state = createRedisState({ url: inject('redisUrl'), keyPrefix, policy });
    states.push(state);
    await state.untilAvailable(5_000);
    return state;
  }

  it('restart each of its dynos once, and never two at a time', async () => {
    // The ledger has a clock of its own.
    const clock = new VirtualClock(Date.now());
    const topic = new ModelTopic(clock, 1);
    const platform = new ModelPlatform(clock, DYNOS, REPLACE_AFTER_MS);
    const keyPrefix = `test-${randomUUID()}:`;
    const open = async () => {
      const { ledger } = await openState(keyPrefix);
      const parts = { clock, topic, snapshots: new ModelSnapshots(), ledger, platform, policy: POLICY };
      const actuator = new PartitionActuator({ ...parts, isRedisThere: () => true });
      actuator.owner.onConfirmed(Number.MAX_SAFE_INTEGER);
      actuator.owner.onHeld([0]);
      return actuator;
    };
    const actuators = [await open(), await open()];
    const first = new Set(platform.dynos().map(({ id }) => id));
    for (let step = 0; step < 160 && platform.deletes.length < DYNOS.length; step++) {
      clock.pass(STEP_MS);
      const isBloated = step > 20;
      for (const { name, id } of platform.dynos())
        topic.report(0, { app: 'shop', name, id }, isBloated && first.has(id) ? 480 : 100);
      for (const actuator of actuators) actuator.take(1_000);
      // Both at once, each with its own connection.
      await Promise.all(actuators.map((actuator) => actuator.round()));
    }
    const { deletes } = platform;
    expect(deletes.map(({ bootId }) => bootId).sort()).toEqual([...first].sort());
    for (const [index, { atMs }] of deletes.slice(1).entries())
      expect(atMs - (deletes[index]?.atMs ?? 0)).toBeGreaterThanOrEqual(REPLACE_AFTER_MS);
  });
});
