import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, inject, it, vi } from 'vitest';
import type { RunningActuator } from '../../integration/actuator/running-actuator.ts';
import { KafkaFleet, MAX_POINT_AGE_MS } from './kafka-fleet.ts';
import { KafkaPipeline } from './kafka-pipeline.ts';
import { RefusableRedis } from './refusable-redis.ts';

const WINDOW_MS = 1_000;
const PARTITIONS = 6;
const APPS = Array.from({ length: 6 }, (_, index) => `shop-${index + 1}`);
/** Enough for a decision, and less than a session. */
const STOP_MS = 5 * WINDOW_MS;
const MAX_BACKLOG_MB = 200;
const PATIENCE = { timeout: 60_000, interval: 100 };

/** In order: each part begins where the one before has ended. */
describe('actuators on Kafka', { timeout: 120_000 }, () => {
  let kafka: KafkaPipeline;
  let redis: RefusableRedis;
  let fleet: KafkaFleet;

  beforeAll(async () => {
    redis = await RefusableRedis.start(inject('redisUrl'));
    kafka = await KafkaPipeline.start({ partitions: PARTITIONS, isLikeHeroku: true });
    fleet = await KafkaFleet.start({ kafka, redisUrl: redis.url, apps: APPS.length, dynos: 2, windowMs: WINDOW_MS });
  }, 180_000);
  afterAll(async () => {
    await fleet.stop();
    await kafka.stop();
    await redis.stop();
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

  it('share the partitions of a topic', async () => {
    await fleet.startActuator();
    await fleet.startActuator();
    const shares = () => fleet.actuators.map((actuator) => heldBy([actuator]).length);
    await vi.waitFor(() => expect(shares()).toEqual([2, 2, 2]), PATIENCE);
    await untilShared(fleet.actuators);
  });

  it('each show the dynos of all', async () => {
    for (const actuator of fleet.actuators) {
      await vi.waitFor(async () => expect(await fleet.appsOf(actuator, 'all')).toEqual(APPS), PATIENCE);
    }
  });

  it('restart what bloats in their own, and what any of them is asked to, while Redis takes no snapshots', async () => {
    await redis.refuseSnapshots();
    const holder = await followerOf('shop-3');
    const asked = fleet.actuators.find((actuator) => actuator !== holder) ?? holder;
    const wanted = fleet.ask('shop-3', 'worker.1');
    const { code, stdout } = await asked.cli('restart', 'shop-3', 'worker.1');
    expect(stdout).toMatch(/ follows the dyno, and begins within 10 s\.\n(.*\n)*.*: restarted after /);
    expect(code).toBe(0);
    await untilRestarted([wanted, ...APPS.map((app) => fleet.bloat(app, 'worker.2'))]);
  });

  it('commit no further than their snapshots reach', async () => {
    // Only what is read again can show it later.
    await fleet.reportUnlisted('shop-2', 'worker.9');
    const follower = await followerOf('shop-2');
    const isShown = async () => (await fleet.dynosOf(follower)).some(({ dyno }) => dyno === 'worker.9');
    await vi.waitFor(async () => expect(await isShown()).toBe(true), PATIENCE);
    const saved = await redis.savedPlaces('shop-2');
    expect(saved.length).toBeGreaterThanOrEqual(2);
    const committed = await kafka.committed();
    const reached = Math.max(...saved.map(({ offset }) => Number(offset)));
    expect(Number(committed[saved[0]?.partition ?? -1])).toBeLessThanOrEqual(reached);
  });

  it('take over from one that is killed where its snapshots end, and restart what it was about to', async () => {
    const killed = await followerOf('shop-2');
    const boot = fleet.bloat('shop-2');
    await killed.kill();
    const killedMs = performance.now();
    fleet.actuators.splice(fleet.actuators.indexOf(killed), 1);
    await redis.allowSnapshots();
    await untilShared(fleet.actuators);
    await untilRestarted([boot]);
    console.log(`restarted ${((performance.now() - killedMs) / 1000).toFixed(1)} s after the kill`);
    const dynos = await fleet.dynosOf(await followerOf('shop-2'));
    expect(dynos.flatMap(({ app, dyno }) => (app === 'shop-2' ? [dyno] : []))).toContain('worker.9');
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

  it('catch up when they were slow, and restart nothing because of records that come twice, or are old', async () => {
    const before = fleet.restarts().length;
    const records = await kafka.records();
    const again = records.flatMap(({ partition, value, key }) =>
      value === null || key === null || value.length > 100_000 ? [] : [{ partition, value, key }],
    );
    // Every actuator is behind by all that was ever written, and has older measurements of healthy dynos to take.
    await Promise.all([kafka.produce(again), kafka.produce(again)]);
    const agesMs = [40_000, 30_000, 20_000, 10_000, 5_000].map((ms) => MAX_POINT_AGE_MS + ms);
    for (const app of APPS) await fleet.reportLate(app, 'worker.2', agesMs);
    const slow = await followerOf('shop-1');
    const partition = records.find(({ value }) => value?.includes('shop-1'))?.partition ?? -1;
    const [peakMb, linesBefore] = [await peakMbOf(slow), slow.lines.length];
    // For less than its session: it keeps its partitions, while the topic grows and one of its dynos bloats.
    slow.signal('SIGSTOP');
    const boot = fleet.bloat('shop-1', 'worker.1');
    const large = () => ({ partition, value: fleet.largeRecord('shop-1', 'worker.2', 1_000_000) });
    const [waitingMb] = await Promise.all([kafka.produceFor(STOP_MS, MAX_BACKLOG_MB, large), delay(STOP_MS)]);
    slow.signal('SIGCONT');
    await untilRestarted([boot]);
    expect(fleet.restarts().length).toBe(before + 1);
    const reasons = (await slow.decisions()).flatMap(({ boot_id, reason }) => (boot_id === boot ? [reason] : []));
    const hasMoved = slow.lines.slice(linesBefore).some((line) => line.includes('this actuator holds'));
    // If the whole machine stood still for a session, another one has the partition, and was never behind.
    if (!hasMoved) expect(reasons).toContain('taking-over');
    const grownMb = (await peakMbOf(slow)) - peakMb;
    console.log(`${again.length} records came twice; ${waitingMb} MB waited, and memory grew by ${grownMb} MB`);
    expect(grownMb).toBeLessThan(MAX_BACKLOG_MB / 2);
  });
});

/** The most memory that it had since its start, by the kernel. */
async function peakMbOf({ pid }: RunningActuator): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Math.round(Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1]) / 1024);
}

/** What these actuators hold, as each last said. */
function heldBy(among: readonly RunningActuator[]): number[] {
  return among.flatMap(({ lines }) => {
    const said = lines.findLast((line) => line.includes('"msg":"this actuator holds')) ?? '';
    const list = /holds the partitions ([\d, ]+) of/.exec(said)?.[1];
    return list === undefined ? [] : list.split(', ').map(Number);
  });
}
