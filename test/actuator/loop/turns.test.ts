import { expect, it } from 'vitest';
import { saveSnapshots } from '../../../src/actuator/loop/save-snapshots.ts';
import { BOOTS_A_TURN } from '../../../src/actuator/loop/turns.ts';
import type { Boot } from '../../../src/detector/boot/boot.ts';
import { LoopWorld, SHOP } from '../../models/loop-world.ts';
import { WHOLE_POINT } from '../../sources/otlp/senders/requests.ts';

/** An app of more dynos than a turn takes, which were decided about before. */
async function largeApp() {
  const world = new LoopWorld();
  for (let windows = 0; windows < 3; windows++) {
    for (let index = 0; index < 2.5 * BOOTS_A_TURN; index++) {
      const boot = { ...WHOLE_POINT.boot, dyno: `worker.${index}`, bootId: `boot-${index}` };
      world.registry.accept([{ ...WHOLE_POINT, boot, processId: boot.bootId, timeMs: world.clock.now() }]);
    }
    world.clock.pass(world.policy.windowMs);
  }
  await world.tick();
  return world;
}

/** How many boots have a field read in the turn in which most have. */
async function mostInATurn(world: LoopWorld, field: keyof Boot, work: () => Promise<unknown>): Promise<number> {
  const read = new Set<Boot>();
  for (const { boot } of world.registry.entries()) {
    let value: unknown = boot[field];
    const get = () => {
      read.add(boot);
      return value;
    };
    Object.defineProperty(boot, field, { get, set: (next) => (value = next), configurable: true, enumerable: true });
  }
  let most = 0;
  let isOver = false;
  const nextTurn = () => {
    most = Math.max(most, read.size);
    read.clear();
    if (!isOver) setImmediate(nextTurn);
  };
  setImmediate(nextTurn);
  await work();
  isOver = true;
  return Math.max(most, read.size);
}

const saving = {
  permissions: { allowed: [SHOP], dryRun: false, ownApp: null },
  isLedInside: async () => false,
  jobsOf: () => null,
  reached: () => ({ pointsId: null, place: null }),
  log: { warn: () => {} },
};

it.each<[string, keyof Boot, (world: LoopWorld) => Promise<unknown>]>([
  ['forgotten', 'lastPointMs', ({ fleet }) => fleet.forgetOver(() => {})],
  ['compared with the listing', 'firstPointMs', ({ fleet }) => fleet.observe()],
  ['decided about', 'usageBytes', (world) => world.tick()],
  [
    'saved',
    'curve',
    ({ registry }) => saveSnapshots(registry.entries(), { ...saving, snapshots: { save: async () => {} } }),
  ],
  [
    'noted for people',
    'usageBytes',
    ({ registry, chronicle, clock }) => {
      chronicle.quotaErrors.note([{ app: 'shop', dyno: 'worker.1', code: 'R14', timeMs: clock.now() }]);
      return chronicle.note(registry.byApp(), { nowMs: clock.now(), accepted: 0 });
    },
  ],
  [
    'archived when they are over',
    'firstPointMs',
    ({ registry, chronicle, clock }) => {
      registry.release('shop', () => true);
      return chronicle.note(registry.byApp(), { nowMs: clock.now(), accepted: 0 });
    },
  ],
])('of a large app some boots are %s in each turn', async (_, field, work) => {
  const world = await largeApp();
  const most = await mostInATurn(world, field, () => work(world));
  expect(most).toBeGreaterThan(0);
  expect(most).toBeLessThanOrEqual(BOOTS_A_TURN);
});
