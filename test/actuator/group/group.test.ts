import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { createViews, dynoParts } from '../../../src/actuator/doors/control.ts';
import { answerForAll } from '../../../src/actuator/group/answer-for-all.ts';
import { historyOfAll } from '../../../src/actuator/group/history-of-all.ts';
import { OtherActuators } from '../../../src/actuator/group/other-actuators.ts';
import { OwnRecord } from '../../../src/actuator/group/own-record.ts';
import { saveSnapshots } from '../../../src/actuator/loop/save-snapshots.ts';
import { overview } from '../../../src/actuator/views/overview.ts';
import { createRedisState } from '../../../src/adapters/redis/state.ts';
import { targetKey } from '../../../src/model/target.ts';
import { type RedisServer, startRedis } from '../../../src/testbed/servers/redis-server.ts';
import type { ActuatorControl } from '../../../src/web/control.ts';
import { aClaim } from '../../models/a-claim.ts';
import { LoopWorld } from '../../models/loop-world.ts';

const ALLOWED = ['shop', 'mail'].map((app) => ({ app, processType: 'worker' }));
const MIB = 1024 ** 2;
const closers: (() => Promise<void>)[] = [];
let redis: RedisServer;

beforeAll(async () => {
  redis = await startRedis();
  closers.push(() => redis.stop());
});
afterAll(async () => {
  for (const close of closers.toReversed()) await close();
});

/** One actuator of a group: the loop on a clock of its own, the Redis that all share, and its partitions. */
async function actuatorOf(name: string, partitions: readonly number[], prefix: string) {
  const world = new LoopWorld({ permissions: { allowed: ALLOWED } });
  const { registry, fleet, leadership, standings, chronicle, mode, view, permissions, policy, clock, log } = world;
  const limits = { cooldownMs: 15_000, maxRestartsPerHour: 4, holdMs: 0 };
  const state = createRedisState({ url: redis.url, policy: limits, keyPrefix: `${prefix}:` });
  closers.push(() => state.close());
  await state.untilAvailable(5_000);
  const parts = { registry, fleet, leadership, partitions: () => partitions, state, clock };
  const record = new OwnRecord({ id: name, name, ...parts, allowed: ALLOWED.map(targetKey) });
  const settings = { policy, permissions, sources: [], ingestTokens: [] };
  const others = new OtherActuators({ own: record, state, settings, host: { clock, log } });
  const views = { ...world, jobs: world.jobs };
  const dynos = dynoParts(views);
  const shared = { settings, dynos, standings, overLimit: chronicle.overLimit, meter: chronicle.meter };
  const isCounted = (target: string) => !others.reading.holders.has(target);
  const own = {
    ...createViews(views),
    overview: () => overview({ ...shared, mode, platform: view, startedAtMs: 0, isCounted }),
  } as unknown as ActuatorControl;
  const control = answerForAll(own, { own: () => record.now(), others: () => others.reading, clock });
  /** What a round of the loop does: decide, save the boots and the record. */
  const round = async () => {
    await world.settle();
    const saving = {
      isLedInside: async () => false,
      permissions,
      jobsOf: () => null,
      reached: () => ({ pointsId: null, place: null }),
      log,
    };
    await saveSnapshots(registry.entries(), { snapshots: state.snapshots, ...saving });
    await record.save();
  };
  return { world, state, record, others, control, round };
}

const rowsOf = (control: ActuatorControl) =>
  control
    .dynosAfter(null, 1_000)
    .shown.map(({ decision: { app, dyno, usageBytes }, heldBy }) => [
      app,
      dyno,
      Math.round((usageBytes ?? 0) / MIB),
      heldBy,
    ]);

it('each of two actuators answers for all, and says which of them holds what', async () => {
  const one = await actuatorOf('tidemark.1', [0, 1], 'both');
  const two = await actuatorOf('tidemark.2', [2], 'both');
  one.world.report('worker.1', { windows: 12, usageMb: () => 200 });
  two.world.report('worker.2', { windows: 12, usageMb: () => 300, app: 'mail' });
  for (const { round } of [one, two]) await round();
  for (const { others } of [one, two]) await others.refresh();

  expect(rowsOf(one.control)).toEqual([
    ['mail', 'worker.2', 300, 'tidemark.2'],
    ['shop', 'worker.1', 200, null],
  ]);
  expect(rowsOf(two.control)).toEqual([
    ['mail', 'worker.2', 300, null],
    ['shop', 'worker.1', 200, 'tidemark.1'],
  ]);
  expect(one.control.dyno('mail', 'worker.2')?.view.heldBy).toBe('tidemark.2');
  const { totals, groups, actuators } = await two.control.overview();
  expect(totals.dynos).toBe(2);
  expect(groups.map(({ app, dynos }) => [app, dynos]).sort()).toEqual([
    ['mail', 1],
    ['shop', 1],
  ]);
  expect(actuators).toMatchObject([
    { name: 'tidemark.1', answers: false, partitions: [0, 1], targets: ['shop:worker'], dynos: 1, silentSinceMs: null },
    { name: 'tidemark.2', answers: true, partitions: [2], targets: ['mail:worker'], dynos: 1, silentSinceMs: null },
  ]);
});

it('a target that moves is shown live by its new holder, and no dyno is shown twice', async () => {
  const one = await actuatorOf('tidemark.1', [0], 'moves');
  const two = await actuatorOf('tidemark.2', [1], 'moves');
  two.world.report('worker.2', { windows: 12, usageMb: () => 300, app: 'mail' });
  for (const { round } of [one, two]) await round();
  await one.others.refresh();
  expect(rowsOf(one.control)).toEqual([['mail', 'worker.2', 300, 'tidemark.2']]);
  one.world.report('worker.2', { windows: 12, usageMb: () => 310, app: 'mail' });
  await one.round();
  await one.others.refresh();
  await vi.waitFor(() => expect(rowsOf(one.control)).toEqual([['mail', 'worker.2', 310, null]]));
  expect((await one.control.overview()).totals.dynos).toBe(1);
});

it('one that is no longer heard is missed, and its dynos are still shown as it saved them', async () => {
  const one = await actuatorOf('tidemark.1', [0], 'silent');
  const two = await actuatorOf('tidemark.2', [1], 'silent');
  two.world.report('worker.2', { windows: 12, usageMb: () => 300, app: 'mail' });
  for (const { round } of [one, two]) await round();
  const client = new Redis(redis.url);
  closers.push(async () => client.disconnect());
  // As after 90 of its 600 seconds.
  await client.pexpire('silent:actuator:tidemark.2', 510_000);
  await one.others.refresh();
  expect(rowsOf(one.control)).toEqual([['mail', 'worker.2', 300, 'tidemark.2']]);
  const [, silent] = (await one.control.overview()).actuators;
  expect(one.world.clock.now() - (silent?.silentSinceMs ?? 0)).toBeGreaterThanOrEqual(90_000);
  await two.record.remove();
  one.world.clock.pass(5_000);
  await one.others.refresh();
  await vi.waitFor(async () =>
    expect((await one.control.overview()).actuators.map(({ name }) => name)).toEqual(['tidemark.1']),
  );
  expect(rowsOf(one.control)).toEqual([]);
});

it('counts the actuators that share the account: the one that is missed is none of them', async () => {
  const one = await actuatorOf('tidemark.1', [0], 'members');
  const two = await actuatorOf('tidemark.2', [1], 'members');
  expect(one.record.members).toBe(1);
  for (const { record } of [one, two]) await record.save();
  expect(two.record.members).toBe(2);
  one.world.clock.pass(5_000);
  await one.record.save();
  expect(one.record.members).toBe(2);
  const client = new Redis(redis.url);
  closers.push(async () => client.disconnect());
  // As after 31 of its 600 seconds.
  await client.pexpire('members:actuator:tidemark.2', 569_000);
  one.world.clock.pass(5_000);
  await one.record.save();
  expect(one.record.members).toBe(1);
});

it('names who follows a target, until that one is missed', async () => {
  const one = await actuatorOf('tidemark.1', [0], 'follows');
  const two = await actuatorOf('tidemark.2', [1], 'follows');
  two.world.report('worker.2', { windows: 12, usageMb: () => 300, app: 'mail' });
  await two.round();
  await one.others.refresh();
  const target = { app: 'mail', processType: 'worker' };
  expect(one.others.holderOf(target)).toBe('tidemark.2');
  expect(one.others.holderOf({ ...target, app: 'shop' })).toBeNull();
  expect(two.others.holderOf(target)).toBeNull();
  const client = new Redis(redis.url);
  closers.push(async () => client.disconnect());
  await client.pexpire('follows:actuator:tidemark.2', 569_000);
  one.world.clock.pass(5_000);
  await one.others.refresh();
  await vi.waitFor(() => expect(one.others.holderOf(target)).toBeNull());
});

it('the restarts of all are summed up, each once', async () => {
  const one = await actuatorOf('tidemark.1', [0], 'history');
  const two = await actuatorOf('tidemark.2', [1], 'history');
  two.world.report('worker.2', { windows: 12, usageMb: () => 300, app: 'mail' });
  await two.round();
  const { state } = two;
  const close = async (app: string) => {
    const claimed = await state.ledger.claim(aClaim({ target: { app, processType: 'worker' } }));
    if (!claimed.ok) throw new Error(claimed.why);
    await state.ledger.advance(claimed.attempt, { to: 'closed', outcome: 'abandoned', evidence: 'it was a test' });
    return claimed.attempt.id;
  };
  const ids = [await close('mail'), await close('shop')];
  const own = (await state.ledger.read({ app: 'shop', processType: 'worker' })).history;
  const all = await historyOfAll({ history: () => own }, one.state);
  expect(all.map(({ attemptId }) => attemptId).sort()).toEqual(ids.toSorted());
});

it('a damaged record is left out', async () => {
  const one = await actuatorOf('tidemark.1', [0], 'damaged');
  const client = new Redis(redis.url);
  closers.push(async () => client.disconnect());
  await client.sadd('damaged:actuators', 'x', 'y');
  await client.set('damaged:actuator:x', '{"id":"x"}', 'PX', 600_000);
  await client.set('damaged:actuator:y', 'no JSON', 'PX', 600_000);
  await one.others.refresh();
  expect(one.others.reading.seen).toEqual([]);
});
