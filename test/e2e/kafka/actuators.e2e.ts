import { afterAll, beforeAll, describe, expect, inject, it, vi } from 'vitest';
import type { RunningActuator } from '../../integration/actuator/running-actuator.ts';
import { KafkaFleet } from './kafka-fleet.ts';
import { KafkaPipeline } from './kafka-pipeline.ts';

const WINDOW_MS = 1_000;
const PARTITIONS = 6;
const APPS = Array.from({ length: 6 }, (_, index) => `shop-${index + 1}`);
const PATIENCE = { timeout: 60_000, interval: 100 };

/** In order: each part begins where the one before has ended. */
describe('actuators on Kafka', { timeout: 120_000 }, () => {
  let kafka: KafkaPipeline;
  let fleet: KafkaFleet;

  beforeAll(async () => {
    kafka = await KafkaPipeline.start(PARTITIONS);
    const redisUrl = `${inject('redisUrl')}/12`;
    fleet = await KafkaFleet.start({ kafka, redisUrl, apps: APPS.length, dynos: 2, windowMs: WINDOW_MS });
  }, 180_000);
  afterAll(async () => {
    await fleet.stop();
    await kafka.stop();
  });

  async function untilRestarted(boots: readonly string[]): Promise<void> {
    await vi.waitFor(() => expect(fleet.restarts()).toEqual(expect.arrayContaining([...boots])), PATIENCE);
    expect(fleet.violations()).toEqual([]);
  }

  /** Until each app is followed by one of the actuators that are given, and by no other of them. */
  async function untilShared(among: readonly RunningActuator[]): Promise<void> {
    await vi.waitFor(async () => {
      const apps = await Promise.all(among.map((actuator) => fleet.appsOf(actuator)));
      expect(apps.flat().sort()).toEqual(APPS);
      expect(heldBy(among).sort((a, b) => a - b)).toEqual(Array.from({ length: PARTITIONS }, (_, index) => index));
    }, PATIENCE);
  }

  /** The actuator that follows the app, and an app that each of the others follows. */
  async function followerOf(app: string): Promise<RunningActuator> {
    const [follower] = await fleet.followersOf(app, fleet.actuators);
    if (follower === undefined) throw new Error(`nobody follows ${app}`);
    return follower;
  }

  it('restart what bloats', async () => {
    await fleet.startActuator();
    await untilRestarted([fleet.bloat('shop-1')]);
  });

  it('share the partitions of a topic, and each restarts what bloats in its own', async () => {
    await fleet.startActuator();
    await fleet.startActuator();
    const shares = () => fleet.actuators.map((actuator) => heldBy([actuator]).length);
    await vi.waitFor(() => expect(shares()).toEqual([2, 2, 2]), PATIENCE);
    await untilShared(fleet.actuators);
    await untilRestarted(APPS.map((app) => fleet.bloat(app, 'worker.2')));
  });

  it('each show the dynos of all', async () => {
    for (const actuator of fleet.actuators) {
      await vi.waitFor(async () => expect(await fleet.appsOf(actuator, 'all')).toEqual(APPS), PATIENCE);
    }
  });

  it('take over from one that is killed, and restart what it was about to', async () => {
    const killed = await followerOf('shop-2');
    const boot = fleet.bloat('shop-2');
    await killed.kill();
    const killedMs = performance.now();
    fleet.actuators.splice(fleet.actuators.indexOf(killed), 1);
    await untilShared(fleet.actuators);
    await untilRestarted([boot]);
    console.log(`restarted ${((performance.now() - killedMs) / 1000).toFixed(1)} s after the kill`);
  });

  it('take over from one that sleeps for longer than its session, which then keeps still', async () => {
    const asleep = await followerOf('shop-3');
    asleep.signal('SIGSTOP');
    const others = fleet.actuators.filter((actuator) => actuator !== asleep);
    await untilShared(others);
    const boot = fleet.bloat('shop-3');
    await untilRestarted([boot]);
    const before = asleep.lines.length;
    asleep.signal('SIGCONT');
    await untilShared(fleet.actuators);
    const said = asleep.lines.slice(before).join('\n');
    expect(said).not.toContain('"phase":"sending"');
    expect(fleet.violations()).toEqual([]);
  });

  it('go on after the broker was killed and came back', async () => {
    await kafka.broker.kill();
    const boot = fleet.bloat('shop-4');
    await vi.waitFor(
      () => expect(fleet.actuators.flatMap(({ lines }) => lines).join()).toContain('"msg":"Kafka ('),
      PATIENCE,
    );
    await kafka.broker.startAgain();
    await untilRestarted([boot]);
  });

  it('skip records that cannot be read, count them, and say so once', async () => {
    const garbage = Array.from({ length: PARTITIONS }, (_, partition) => [
      { partition, value: Buffer.from('no protobuf') },
      { partition, value: Buffer.alloc(0) },
    ]).flat();
    for (let round = 0; round < 3; round++) await kafka.produce(garbage);
    await kafka.produceBatches(PARTITIONS, { value: Buffer.alloc(900_000), compression: 'lz4' });
    await kafka.produceBatches(PARTITIONS, { value: Buffer.alloc(40 * 1024 ** 2), compression: 'gzip' });
    await untilRestarted([fleet.bloat('shop-5'), fleet.bloat('shop-6')]);
    for (const actuator of fleet.actuators) {
      const { refused } = (await actuator.get('/api/status')) as {
        refused: readonly { kind: string; count: number }[];
      };
      expect(refused.find(({ kind }) => kind === 'record-unreadable')?.count).toBeGreaterThanOrEqual(6);
      expect(actuator.lines.filter((line) => line.includes('records of the Kafka topic skipped'))).toHaveLength(1);
    }
  });

  it('restart nothing because of records that come twice, or are old', async () => {
    const before = fleet.restarts().length;
    const records = await kafka.records();
    const again = records.flatMap(({ partition, value, key }) =>
      value === null || key === null || value.length > 100_000 ? [] : [{ partition, value, key }],
    );
    // Every actuator is behind by all that was ever written, and has older measurements of healthy dynos to take.
    await Promise.all([kafka.produce(again), kafka.produce(again)]);
    for (const app of APPS) await fleet.reportLate(app, 'worker.2', [80_000, 70_000, 60_000, 50_000, 40_000]);
    await untilRestarted([fleet.bloat('shop-1', 'worker.1')]);
    expect(fleet.restarts().length).toBe(before + 1);
    console.log(`${again.length} records came twice`);
  });
});

/** What these actuators hold, as each last said. */
function heldBy(among: readonly RunningActuator[]): number[] {
  return among.flatMap(({ lines }) => {
    const said = lines.findLast((line) => line.includes('"msg":"this actuator holds')) ?? '';
    const list = /holds the partitions ([\d, ]+) of/.exec(said)?.[1];
    return list === undefined ? [] : list.split(', ').map(Number);
  });
}
