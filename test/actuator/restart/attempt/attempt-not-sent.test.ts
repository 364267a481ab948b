import { beforeEach, describe, expect, it } from 'vitest';
import { unreadable } from '../../../models/model-platform.ts';
import { GRACE_MS, RunnerWorld, SHOP } from './runner-world.ts';

let world: RunnerWorld;

beforeEach(() => {
  world = new RunnerWorld();
});

describe('an attempt that must not be sent', () => {
  const before: [string, () => void, string][] = [
    ['is another boot by now', () => world.platform.cycle('worker.1'), 'another boot'],
    ['is gone', () => world.platform.remove('worker.1'), 'lists no worker.1'],
    ['is not up', () => world.platform.change('worker.1', { state: 'starting' }), 'not up'],
    ['has crashed', () => world.platform.change('worker.1', { state: 'crashed' }), 'not up'],
    ['is of another type', () => world.platform.change('worker.1', { processType: 'web' }), 'of the type web'],
    ['is a one-off', () => world.platform.change('worker.1', { processType: 'run' }), 'one-off'],
  ];

  it.each(before)('is abandoned before the drain when the dyno %s', async (_, happens, why) => {
    await world.claim();
    happens();
    await world.runner().advanceAll();
    expect(await world.outcome()).toBe('abandoned');
    expect(world.evidence()).toContain(why);
    expect(world.asked).toEqual([]);
    expect(world.platform.deletes).toEqual([]);
  });

  it.each(before)('is abandoned after the drain when the dyno %s', async (_, happens, why) => {
    world.idle = false;
    await world.claim();
    await world.runner().advanceAll();
    world.idle = true;
    happens();
    await world.runner().advanceAll();
    expect(await world.outcome()).toBe('abandoned');
    expect(world.evidence()).toContain(why);
    expect(world.platform.deletes).toEqual([]);
  });

  it.each(before)(
    'is abandoned at the end of its grace when the dyno %s during the drain and its points end with it',
    async (_, happens, why) => {
      world.idle = false;
      await world.claim();
      await world.runner().advanceAll();
      happens();
      world.clock.pass(GRACE_MS);
      await world.runner({ stillHolds: () => null }).advanceAll();
      expect(await world.outcome()).toBe('abandoned');
      expect(world.evidence()).toContain(why);
      expect(world.platform.deletes).toEqual([]);
    },
  );

  it('is abandoned when the newest points no longer justify it, unless a person asked', async () => {
    await world.claim();
    await world.runner({ stillHolds: () => false }).advanceAll();
    expect(await world.outcome()).toBe('abandoned');
    await world.claim({ by: 'person' });
    await world.runner({ stillHolds: () => false }).advanceAll();
    expect(world.platform.deletes).toHaveLength(1);
  });

  it('is abandoned when too few others are up, before or after the drain, unless a person asked', async () => {
    const careful = world.runner({ minHealthy: 1 });
    world.platform.change('worker.2', { state: 'crashed' });
    await world.claim();
    await careful.advanceAll();
    expect(world.evidence()).toContain('only 0 other dynos of the type are up, and 1 must be');
    expect(world.asked).toEqual([]);
    world.platform.change('worker.2', { state: 'up' });
    world.clock.pass(900_000);
    world.idle = false;
    await world.claim();
    await careful.advanceAll();
    expect(await world.openPhase()).toBe('draining');
    world.platform.change('worker.2', { state: 'starting' });
    world.idle = true;
    await careful.advanceAll();
    expect(await world.outcome()).toBe('abandoned');
    expect(world.platform.deletes).toEqual([]);
    await world.claim({ by: 'person' });
    await careful.advanceAll();
    expect(world.platform.deletes).toHaveLength(1);
  });

  it('waits while the points cannot be assessed, and is abandoned at its deadline', async () => {
    await world.claim();
    const runner = world.runner({ stillHolds: () => null });
    await runner.advanceAll();
    expect(await world.openPhase()).toBe('draining');
    world.clock.pass(GRACE_MS + 60_001);
    await runner.advanceAll();
    expect(await world.outcome()).toBe('abandoned');
    expect(world.evidence()).toBe('the restart could not be sent in time: no new points');
    expect(world.platform.deletes).toEqual([]);
  });

  it('is abandoned when paused before it was sent', async () => {
    world.idle = false;
    await world.claim();
    await world.runner().advanceAll();
    await world.ledger.pause(SHOP);
    world.idle = true;
    await world.runner().advanceAll();
    expect(await world.outcome()).toBe('abandoned');
    expect(world.platform.deletes).toEqual([]);
  });

  it.each([
    ['forbidden', 'allow-list'],
    ['dry', 'dry'],
  ] as const)('is abandoned when this actuator may not restart the target: %s', async (permission, why) => {
    await world.claim();
    await world.runner({ permission: () => permission }).advanceAll();
    expect(await world.outcome()).toBe('abandoned');
    expect(world.evidence()).toContain(why);
  });

  it('ends as a dry run after the first re-read: no drain, nothing spent', async () => {
    await world.claim({ dryRun: true });
    await world.runner({ permission: () => 'dry' }).advanceAll();
    const view = await world.ledger.read(SHOP);
    expect(view.dryHistory[0]?.outcome).toBe('dry-run');
    expect(view.spentBootIds).toEqual([]);
    expect([world.asked, world.platform.deletes]).toEqual([[], []]);
  });

  it('is abandoned when the platform cannot be read in time, and makes no call while calls are blocked', async () => {
    await world.claim();
    const { faults } = await world.runner({ platformBlock: () => ({ why: 'rate_limit', status: 429 }) }).advanceAll();
    expect([faults, await world.openPhase()]).toEqual([[], 'claimed']);
    world.platform.listFault = unreadable();
    expect((await world.runner().advanceAll()).faults).toMatchObject([{ error: { code: 'platform-unavailable' } }]);
    world.clock.pass(60_001);
    await world.runner().advanceAll();
    expect(await world.outcome()).toBe('abandoned');
  });
});
