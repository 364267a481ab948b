import { assert, asyncProperty, integer } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { defaultPolicy } from '../../../src/config/policy.ts';
import { LedgerUnavailable } from '../../../src/model/errors.ts';
import { ModelLedger } from '../../models/ledger/model-ledger.ts';
import { ModelPlatform } from '../../models/model-platform.ts';
import { ModelSnapshots, ModelTopic } from '../../models/partitions/model-topic.ts';
import { PartitionActuator } from '../../models/partitions/partition-actuator.ts';
import { VirtualClock } from '../../models/virtual-clock.ts';

const WINDOW_MS = 1_000;
const STEP_MS = 250;
const POLICY = { ...defaultPolicy(WINDOW_MS), maxPointAgeMs: 10_000 };
const MANY = 1_000_000;
const WORKER = { app: 'shop', name: 'worker.1', id: 'platform-boot-1' };

function world() {
  const clock = new VirtualClock();
  const topic = new ModelTopic(clock, 2);
  const snapshots = new ModelSnapshots();
  const redis = { isThere: true };
  const ask = async <T>(answer: () => Promise<T>) => {
    if (!redis.isThere) throw new LedgerUnavailable('Redis is away');
    return answer();
  };
  const actuator = () =>
    new PartitionActuator({
      clock,
      topic,
      snapshots: {
        save: (...args) => ask(() => snapshots.save(...args)),
        load: (partition, take) => ask(() => snapshots.load(partition, take)),
        refuse: (bootKey) => snapshots.refuse(bootKey),
      },
      ledger: new ModelLedger(clock, { cooldownMs: 0, maxRestartsPerHour: 10, holdMs: 0 }),
      platform: new ModelPlatform(clock, ['worker.1']),
      policy: POLICY,
      isRedisThere: () => redis.isThere,
    });
  return { clock, topic, snapshots, redis, actuator };
}

type World = ReturnType<typeof world>;

function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

async function hold(actuator: PartitionActuator, partitions: readonly number[]): Promise<void> {
  actuator.owner.onConfirmed(Number.MAX_SAFE_INTEGER);
  actuator.owner.onHeld(partitions);
  await settled();
}

/** The worker reports and the actuators take what there is, for so long. */
async function run({ clock, topic }: World, ms: number, ...actuators: readonly PartitionActuator[]): Promise<void> {
  for (let passed = 0; passed < ms; passed += STEP_MS) {
    clock.pass(STEP_MS);
    topic.report(0, WORKER, 100 + Math.floor(clock.monotonic() / 3_000) * 10);
    for (const actuator of actuators) {
      actuator.take(MANY);
      await settled();
      await actuator.round();
    }
  }
}

const bootOf = ({ registry }: PartitionActuator) => registry.entries()[0]?.boot;

describe('a partition that moves', () => {
  it('leaves the same boot behind as if it had never moved, whenever it does', async () => {
    await assert(
      asyncProperty(integer({ min: 1, max: 40 }), integer({ min: 0, max: 12 }), async (steps, gapSteps) => {
        const one = world();
        const [first, second, unmoved] = [one.actuator(), one.actuator(), one.actuator()];
        await hold(unmoved, [0]);
        await hold(first, [0]);
        await run(one, 5_000 + steps * STEP_MS, first, unmoved);
        // Killed. Nobody has the partition for a while.
        await run(one, gapSteps * STEP_MS, unmoved);
        await hold(second, [0]);
        await run(one, 3_000, second, unmoved);
        // Settled, with nothing that waits for its other parts.
        expect(JSON.stringify(bootOf(second))).toBe(JSON.stringify(bootOf(unmoved)));
      }),
      { numRuns: 12, seed: 3 },
    );
  });

  it('is dropped with its boots and with what has not been passed on yet', async () => {
    const one = world();
    const actuator = one.actuator();
    await hold(actuator, [0, 1]);
    await run(one, 2_000, actuator);
    expect(actuator.registry.size).toBe(1);
    one.topic.report(0, WORKER, 100);
    actuator.take(MANY);
    await hold(actuator, [1]);
    one.clock.pass(WINDOW_MS);
    actuator.take(MANY);
    expect(actuator.registry.size).toBe(0);
    expect(actuator.partitions.isHeld({ app: 'shop', processType: 'worker' })).toBe(false);
  });
});

describe('several partitions that are taken away together', () => {
  it('lose their boots one partition in a turn: they may have most of all', async () => {
    const one = world();
    const actuator = one.actuator();
    await hold(actuator, [0, 1]);
    await run(one, 2_000, actuator);
    one.topic.report(1, { app: 'mail', name: 'worker.1', id: 'platform-boot-2' }, 100);
    await run(one, 2_000, actuator);
    expect(actuator.registry.size).toBe(2);
    actuator.owner.onHeld([]);
    expect(actuator.registry.size).toBe(1);
    expect(actuator.partitions.isHeld({ app: 'mail', processType: 'worker' })).toBe(false);
    await settled();
    await settled();
    expect(actuator.registry.size).toBe(0);
  });

  it('keep what was read back where they are given back before that', async () => {
    const one = world();
    const actuator = one.actuator();
    // Partition 0, which has the boot, is the second to be forgotten.
    await hold(actuator, [1, 0]);
    await run(one, 6_000, actuator);
    const firstPointMs = bootOf(actuator)?.firstPointMs;
    actuator.owner.onHeld([]);
    actuator.owner.onHeld([1, 0]);
    await run(one, 3_000, actuator);
    expect(firstPointMs).toBeGreaterThan(0);
    expect(bootOf(actuator)?.firstPointMs).toBe(firstPointMs);
  });
});

describe('a partition that is held', () => {
  it('commits no record that the snapshots do not contain', async () => {
    const one = world();
    const actuator = one.actuator();
    await hold(actuator, [0]);
    await run(one, 6_000, actuator);
    const [text = ''] = one.snapshots.texts.values();
    const { place } = JSON.parse(text);
    expect(place.partition).toBe(0);
    expect(one.topic.committed.get(0)).toBe(BigInt(place.offset));
  });

  it('skips and counts what it cannot read, and goes on', async () => {
    const one = world();
    const actuator = one.actuator();
    await hold(actuator, [0]);
    await run(one, 1_000, actuator);
    for (const value of ['', 'no protobuf', '\u00ff\u00ff']) one.topic.write(0, Buffer.from(value, 'latin1'));
    await run(one, 1_000, actuator);
    expect(actuator.refused).toEqual(['record-unreadable', 'record-unreadable', 'record-unreadable']);
    expect(actuator.partitions.list()[0]).toMatchObject({ lag: 0n });
    expect(bootOf(actuator)?.lastPointMs).toBeGreaterThan(one.clock.now() - 2 * WINDOW_MS);
  });

  it('is followed for advice without Redis, and read back with it: nothing saved is overwritten', async () => {
    const one = world();
    const first = one.actuator();
    await hold(first, [0]);
    await run(one, 2 * POLICY.maxPointAgeMs, first);
    one.redis.isThere = false;
    const second = one.actuator();
    await hold(second, [0]);
    await run(one, 2_000, second);
    expect(second.partitions.list()[0]?.phase).toBe('restoring');
    expect(bootOf(second)?.firstPointMs).toBeGreaterThan(bootOf(first)?.firstPointMs ?? 0);
    one.redis.isThere = true;
    await run(one, 3_000, second);
    expect(bootOf(second)?.firstPointMs).toBe(bootOf(first)?.firstPointMs);
    expect(second.partitions.list()[0]?.phase).toBe('deciding');
  });

  it('takes records that come again for nothing new', async () => {
    const one = world();
    const [actuator, unmoved] = [one.actuator(), one.actuator()];
    await hold(actuator, [0]);
    await hold(unmoved, [0]);
    await run(one, 5_000, actuator, unmoved);
    actuator.rewind(15n);
    await run(one, 3_000, actuator, unmoved);
    expect(JSON.stringify(bootOf(actuator))).toBe(JSON.stringify(bootOf(unmoved)));
  });

  it('takes nothing that is older than the maximum age, and begins no earlier', async () => {
    const one = world();
    for (let at = 0; at < 40; at++) {
      one.topic.report(0, WORKER, 480);
      one.clock.pass(STEP_MS);
    }
    one.clock.pass(POLICY.maxPointAgeMs);
    const actuator = one.actuator();
    await hold(actuator, [0]);
    await run(one, 1_000, actuator);
    expect(bootOf(actuator)?.firstPointMs).toBeGreaterThan(one.clock.now() - 2 * WINDOW_MS);
    expect(actuator.intake.counts()['too-old']).toBe(0);
  });
});
