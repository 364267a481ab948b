import { beforeEach, describe, expect, it, vi } from 'vitest';
import { PlatformError } from '../../../../src/model/errors.ts';
import { aClaim } from '../../../models/a-claim.ts';
import { type DeleteFate, unreadable } from '../../../models/model-platform.ts';
import { GRACE_MS, RunnerWorld, SHOP } from './runner-world.ts';

let world: RunnerWorld;

beforeEach(() => {
  world = new RunnerWorld();
});

describe('an attempt on its way', () => {
  it('goes from claim to one DELETE in one call, and closes when the new boot shows', async () => {
    const old = world.platform.dyno('worker.1').id;
    const working = world.runner();
    await working.claim(aClaim({ bootId: old }));
    await working.advanceAll();
    expect(world.moves.map(({ phase }) => phase)).toEqual(['claimed', 'draining', 'sending']);
    expect(world.platform.deletes).toMatchObject([{ dyno: 'worker.1', bootId: old }]);
    await working.advanceAll();
    expect(await world.openPhase()).toBe('sending');
    world.clock.pass(5_000);
    await working.advanceAll();
    expect(await world.outcome()).toBe('restarted');
    expect(world.evidence()).toContain(world.platform.dyno('worker.1').id);
    expect(world.platform.deletes).toHaveLength(1);
  });

  it('recognises a boot with a derived id by its start', async () => {
    const { createdAtMs } = world.platform.dyno('worker.1');
    await world.claim({ bootId: 'derived', bootIdSource: 'derived', bootStartTimeMs: createdAtMs + 4_000 });
    await world.runner().advanceAll();
    expect(world.platform.deletes).toHaveLength(1);
    expect((await world.ledger.read(SHOP)).spentBootIds).toEqual(['derived', world.platform.dyno('worker.1').id]);
  });

  it('sends nothing for a boot with a derived id when another reports under the id of the dyno', async () => {
    const { id, createdAtMs } = world.platform.dyno('worker.1');
    await world.claim({ bootId: 'derived', bootIdSource: 'derived', bootStartTimeMs: createdAtMs + 4_000 });
    const carried: string[] = [];
    await world.runner({ isCarriedByAnother: (_, dynoId) => carried.push(dynoId) > 0 }).advanceAll();
    expect(carried).toEqual([id]);
    expect(world.platform.deletes).toEqual([]);
    expect(await world.outcome()).toBe('abandoned');
    expect(world.evidence()).toContain('reports under its own id');
    expect((await world.ledger.read(SHOP)).cooldownUntilMs).toBe(0);
  });

  it('sends nothing for a boot with a derived id that says it started long after the dyno was created', async () => {
    const { createdAtMs } = world.platform.dyno('worker.1');
    for (const bootStartTimeMs of [createdAtMs + 20 * 60_000, world.clock.now() + 3_600_000]) {
      await world.claim({ bootId: 'derived', bootIdSource: 'derived', bootStartTimeMs });
      await world.runner().advanceAll();
      expect(await world.outcome()).toBe('abandoned');
    }
    expect(world.platform.deletes).toEqual([]);
  });

  it('is confirmed by the new boot even if the old one reported a start in the future', async () => {
    await world.claim({ bootStartTimeMs: world.clock.now() + 3_600_000 });
    await world.runner().advanceAll();
    world.clock.pass(5_000);
    await world.runner().advanceAll();
    expect(await world.outcome()).toBe('restarted');
  });

  it('accepts a successor with another name when the old name is gone, as on Fir', async () => {
    await world.claim();
    await world.runner().advanceAll();
    world.platform.remove('worker.1');
    await world.runner().advanceAll();
    expect(await world.openPhase()).toBe('sending');
    world.clock.pass(1_000);
    world.platform.add('worker-abc-def');
    await world.runner().advanceAll();
    expect(await world.outcome()).toBe('restarted');
  });

  it('waits for the jobs, asking all the while, and sends when they are done', async () => {
    world.idle = false;
    await world.claim();
    await world.runner().advanceAll();
    await world.runner().advanceAll();
    expect(world.asked).toHaveLength(2);
    expect(world.platform.deletes).toEqual([]);
    world.idle = true;
    await world.runner().advanceAll();
    expect(world.platform.deletes).toHaveLength(1);
  });

  it('asks what the memory was made of once the jobs are done, and keeps it with the attempt', async () => {
    const process = { processId: 'a', rssBytes: 5, heapUsedBytes: 3, heapTotalBytes: 4, externalBytes: 0 };
    const report = [{ ...process, arrayBufferBytes: 0, spaces: [], sampled: null, notSampled: 'not-asked' as const }];
    const memoryReport = vi.fn(async () => report);
    world.idle = false;
    await world.claim();
    await world.runner({ memoryReport }).advanceAll();
    expect(memoryReport).not.toHaveBeenCalled();
    world.idle = true;
    await world.runner({ memoryReport }).advanceAll();
    expect(world.moves.map((attempt) => attempt.memoryReport ?? null)).toEqual([null, report]);
    expect(world.platform.deletes).toHaveLength(1);
  });

  it.each([
    ['go-on', 1, null],
    ['stop', 0, 'drain-timeout'],
  ] as const)('when jobs still run at the end of the grace: %s', async (onDrainTimeout, sent, closed) => {
    world.idle = null;
    await world.claim();
    await world.runner({ onDrainTimeout: () => onDrainTimeout }).advanceAll();
    world.clock.pass(GRACE_MS);
    await world.runner({ onDrainTimeout: () => onDrainTimeout }).advanceAll();
    expect(world.platform.deletes).toHaveLength(sent);
    expect(await world.outcome()).toBe(closed);
  });

  it('continues to the end of the grace when the drain cannot be asked for, and says so', async () => {
    await world.claim();
    const drain = {
      ask: async () => {
        throw new Error('the queue does not answer');
      },
      idle: async () => true,
    };
    const { faults } = await world.runner({ drain }).advanceAll();
    expect(faults).toMatchObject([{ target: SHOP, error: { message: 'the queue does not answer' } }]);
    expect(await world.openPhase()).toBe('draining');
    world.clock.pass(GRACE_MS);
    await world.runner({ drain }).advanceAll();
    expect(world.platform.deletes).toHaveLength(1);
  });
});

describe('what the platform makes of the DELETE', () => {
  it.each<[DeleteFate, string, RegExp]>([
    ['lost-answer', 'restarted', /new boot/],
    ['lost-request', 'unconfirmed', /still shows.*not answered: the socket broke/],
    ['no-op', 'unconfirmed', /still shows/],
  ])('is found out by reading: %s', async (fate, closed, why) => {
    world.platform.fate = fate;
    await world.claim();
    const working = world.runner();
    await working.advanceAll();
    world.clock.pass(90_000);
    await working.advanceAll();
    expect(await world.outcome()).toBe(closed);
    expect(world.evidence()).toMatch(why);
    expect(world.platform.deletes).toHaveLength(1);
  });

  it('closes at once on a refusal, and frees the boot', async () => {
    world.platform.fate = 'refused';
    await world.claim();
    expect((await world.runner().advanceAll()).platformBlocked).toBeNull();
    expect(await world.outcome()).toBe('refused');
    expect(world.evidence()).toContain('422 invalid_params');
    expect((await world.ledger.read(SHOP)).spentBootIds).toEqual([]);
  });

  it('passes on what concerns every target', async () => {
    world.platform.fate = 'rate-limited';
    await world.claim();
    expect((await world.runner().advanceAll()).platformBlocked).toMatchObject({ status: 429 });
    expect(await world.outcome()).toBe('refused');
    world.platform.listFault = new PlatformError('unauthorized', 'no', { status: 401 });
    world.clock.pass(900_000);
    await world.claim();
    expect((await world.runner().advanceAll()).platformBlocked).toBe(world.platform.listFault);
  });

  it('takes a 404 and a scaled-down dyno for gone', async () => {
    await world.claim();
    const { restart } = world.platform;
    world.platform.restart = (...args) => {
      world.platform.remove('worker.1');
      return restart.apply(world.platform, args);
    };
    await world.runner().advanceAll();
    expect(await world.outcome()).toBe('already-gone');
  });

  it('closes as gone at the deadline when no successor comes', async () => {
    await world.claim();
    await world.runner().advanceAll();
    world.platform.remove('worker.1');
    world.clock.pass(90_000);
    await world.runner().advanceAll();
    expect(await world.outcome()).toBe('already-gone');
  });

  it('closes as unconfirmed when the platform cannot be read until the deadline', async () => {
    await world.claim();
    await world.runner().advanceAll();
    world.platform.listFault = unreadable();
    world.clock.pass(90_000);
    await world.runner().advanceAll();
    expect(await world.outcome()).toBe('unconfirmed');
  });
});

describe('an attempt that another actuator moves', () => {
  it('is left alone, but for one whose answer only this actuator has', async () => {
    const other = world.runner({ isOurs: () => false });
    await world.claim();
    await other.advanceAll();
    expect(await world.openPhase()).toBe('claimed');
    let isOurs = true;
    const sender = world.runner({ isOurs: () => isOurs });
    world.platform.fate = 'lost-answer';
    await sender.advanceAll();
    isOurs = false;
    world.clock.pass(5_000);
    await other.advanceAll();
    expect(await world.openPhase()).toBe('sending');
    await sender.advanceAll();
    expect(await world.outcome()).toBe('restarted');
  });

  it('is moved by the one that adopted it, where nobody follows its target', async () => {
    const asked = world.runner({ isOurs: () => false });
    await world.claim();
    await asked.advanceAll();
    expect(await world.openPhase()).toBe('claimed');
    for (const attempt of await world.ledger.open()) asked.adopt(attempt);
    await asked.advanceAll();
    world.clock.pass(5_000);
    await asked.advanceAll();
    expect(await world.outcome()).toBe('restarted');
  });
});
