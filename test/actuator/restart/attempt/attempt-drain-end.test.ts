import { beforeEach, describe, expect, it, vi } from 'vitest';
import { PlatformError } from '../../../../src/model/errors.ts';
import { GRACE_MS, RunnerWorld, SHOP } from './runner-world.ts';

let world: RunnerWorld;

beforeEach(() => {
  world = new RunnerWorld();
});

/** The attempt is draining, and one of its jobs runs. */
async function drainWithJob(runner = world.runner()) {
  world.idle = false;
  await world.claim();
  await runner.advanceAll();
  expect(await world.openPhase()).toBe('draining');
}

describe('a dyno that ends while it is drained', () => {
  it.each<[string, () => void, RegExp]>([
    ['replaced by a deploy', () => world.platform.cycle('worker.1'), /worker\.1 is another boot by now/],
    ['removed by a scale-down', () => world.platform.remove('worker.1'), /the platform lists no worker\.1/],
  ])('is not said to have run jobs for too long: %s', async (_, end, why) => {
    const runner = world.runner({ onDrainTimeout: () => 'stop' });
    await drainWithJob(runner);
    end();
    world.clock.pass(GRACE_MS);
    await runner.advanceAll();
    expect(await world.outcome()).toBe('abandoned');
    expect(world.evidence()).toMatch(why);
  });

  it('frees its target as soon as it may be over, and not at the end of the grace', async () => {
    let mayBeOver = false;
    const runner = world.runner({ mayBeOver: () => mayBeOver });
    await drainWithJob(runner);
    world.platform.cycle('worker.1');
    world.clock.pass(1_000);
    mayBeOver = true;
    await runner.advanceAll();
    expect(await world.outcome()).toBe('abandoned');
    expect(world.evidence()).toMatch(/another boot by now/);
  });

  it('is only suspected: one that is still listed goes on draining, and is read every 15 s at most', async () => {
    const runner = world.runner({ mayBeOver: () => true });
    await drainWithJob(runner);
    const list = vi.spyOn(world.platform, 'list');
    for (let second = 0; second < 60; second++) {
      world.clock.pass(1_000);
      await runner.advanceAll();
    }
    expect(await world.openPhase()).toBe('draining');
    expect(list.mock.calls.length).toBeLessThanOrEqual(5);
    world.idle = true;
    await runner.advanceAll();
    expect(world.platform.deletes).toHaveLength(1);
  });

  it.each([
    [false, 'jobs were still running at the end of the grace'],
    [null, 'whether jobs ran at the end of the grace is not known: no answer'],
  ])('closes as drain-timeout where the platform does not say that it has ended: idle %s', async (idle, says) => {
    const runner = world.runner({ onDrainTimeout: () => 'stop' });
    await drainWithJob(runner);
    world.idle = idle;
    world.platform.listFault = new PlatformError('unavailable', 'no answer');
    world.clock.pass(GRACE_MS);
    await runner.advanceAll();
    expect(await world.outcome()).toBe('drain-timeout');
    expect(world.evidence()).toBe(says);
  });
});

describe('idle workers', () => {
  it('do not wait for the end of a long grace while the platform cannot be read', async () => {
    const runner = world.runner({ graceMs: 3_600_000 });
    await drainWithJob(runner);
    world.platform.listFault = new PlatformError('unavailable', 'the platform answered 503', { status: 503 });
    world.idle = true;
    await runner.advanceAll();
    world.clock.pass(61_000);
    await runner.advanceAll();
    expect(await world.outcome()).toBe('abandoned');
    expect(world.evidence()).toBe('the restart could not be sent in time: the platform answered 503');
    expect(world.platform.deletes).toEqual([]);
  });

  it.each([
    ['unauthorized', 401, 'unauthorized: a revoked token'],
    ['refused', 403, 'suspended: an account that is suspended'],
    ['refused', 404, 'not_found: an app that was renamed or deleted'],
  ] as const)('go on at once where the platform refuses to show the dyno: %s, %i', async (kind, status, message) => {
    const runner = world.runner();
    await drainWithJob(runner);
    world.platform.listFault = new PlatformError(kind, message, { status });
    world.idle = true;
    await runner.advanceAll();
    expect(await world.outcome()).toBe('abandoned');
    expect(world.evidence()).toBe(`the dyno could not be read: ${message}`);
    expect(world.platform.deletes).toEqual([]);
  });

  it('and busy ones go on at once where the platform has refused the token to another reader', async () => {
    const block = { why: 'unauthorized: a revoked token', status: 401 } as const;
    let isBlocked = false;
    const runner = world.runner({ platformBlock: () => (isBlocked ? block : null) });
    await drainWithJob(runner);
    isBlocked = true;
    await runner.advanceAll();
    expect(await world.outcome()).toBe('abandoned');
    expect(world.evidence()).toBe('the dyno could not be read: unauthorized: a revoked token');
  });

  it('wait while too many calls were made, which may soon be over', async () => {
    const block = { why: 'rate_limit: too many calls', status: 429 } as const;
    let isBlocked = false;
    const runner = world.runner({ platformBlock: () => (isBlocked ? block : null) });
    await drainWithJob(runner);
    isBlocked = true;
    world.idle = true;
    await runner.advanceAll();
    expect(await world.openPhase()).toBe('draining');
    world.clock.pass(61_000);
    await runner.advanceAll();
    expect(await world.outcome()).toBe('abandoned');
    expect(world.evidence()).toBe('the restart could not be sent in time: rate_limit: too many calls');
  });

  it('may become busy again, which is no wait', async () => {
    const runner = world.runner({ graceMs: 3_600_000 });
    await drainWithJob(runner);
    world.platform.listFault = new PlatformError('unavailable', 'no answer');
    for (const idle of [true, false, true]) {
      world.idle = idle;
      await runner.advanceAll();
      world.clock.pass(45_000);
    }
    await runner.advanceAll();
    expect(await world.openPhase()).toBe('draining');
  });
});

describe('a dyno that cannot be read before its drain', () => {
  it.each([
    ['refused', 403, 0, 'the dyno could not be read: no'],
    ['unavailable', 503, 61_000, 'the dyno could not be read in time: no'],
  ] as const)('is given up with what the platform said: %s, %i', async (kind, status, afterMs, says) => {
    world.platform.listFault = new PlatformError(kind, 'no', { status });
    const runner = world.runner();
    await world.claim();
    await runner.advanceAll();
    world.clock.pass(afterMs);
    await runner.advanceAll();
    expect(await world.outcome()).toBe('abandoned');
    expect(world.evidence()).toBe(says);
  });
});

describe('a pause', () => {
  it.each(['claimed', 'draining'])('ends an attempt that is %s at once, not at the end of its grace', async (phase) => {
    const runner = world.runner();
    world.idle = false;
    if (phase === 'draining') await drainWithJob(runner);
    else await world.claim();
    await world.ledger.pause(SHOP, null);
    await runner.advanceAll();
    expect(await world.outcome()).toBe('abandoned');
    expect(world.evidence()).toMatch(/a person paused restarts/);
  });

  it('does not end an attempt that was sent: its end is still observed', async () => {
    await world.claim();
    const runner = world.runner();
    await runner.advanceAll();
    expect(await world.openPhase()).toBe('sending');
    await world.ledger.pause(SHOP, null);
    world.clock.pass(5_000);
    await runner.advanceAll();
    expect(await world.outcome()).toBe('restarted');
  });
});

describe('a dyno that does not come back up after its restart', () => {
  const restartFirst = async (successor: string) => {
    await world.claim();
    await world.runner().advanceAll();
    world.clock.pass(5_000);
    await world.runner().advanceAll();
    expect(await world.outcome()).toBe('restarted');
    world.platform.change('worker.1', { state: successor });
    world.clock.pass(900_000);
  };
  const claimSecond = () => world.claim({ dyno: 'worker.2', bootId: world.platform.dyno('worker.2').id });

  it('keeps its target from losing the next one', async () => {
    await restartFirst('crashed');
    await claimSecond();
    await world.runner().advanceAll();
    expect(await world.outcome()).toBe('abandoned');
    expect(world.evidence()).toBe('worker.1 was restarted before, and is crashed, not up');
    expect(world.platform.deletes).toHaveLength(1);
    world.platform.change('worker.1', { state: 'up' });
    await claimSecond();
    await world.runner().advanceAll();
    expect(world.platform.deletes).toHaveLength(2);
  });

  it('does not keep a person from restarting another', async () => {
    await restartFirst('crashed');
    await world.claim({ dyno: 'worker.2', bootId: world.platform.dyno('worker.2').id, by: 'person' });
    await world.runner().advanceAll();
    expect(world.platform.deletes).toHaveLength(2);
  });
});

describe('two actuators with different settings on one ledger', () => {
  it("do not end each other's attempts: only the one that leads stops what its settings forbid", async () => {
    let leads = false;
    const other = world.runner({ permission: () => 'forbidden', leads: () => leads });
    await world.claim();
    await other.advanceAll();
    expect(await world.openPhase()).toBe('claimed');
    world.idle = false;
    await world.runner().advanceAll();
    await other.advanceAll();
    expect(await world.openPhase()).toBe('draining');
    leads = true;
    await other.advanceAll();
    expect(await world.outcome()).toBe('abandoned');
    expect(world.evidence()).toBe('the target is not on the allow-list');
  });

  it('both observe what was sent', async () => {
    await world.claim();
    await world.runner().advanceAll();
    world.clock.pass(5_000);
    await world.runner({ permission: () => 'forbidden', leads: () => false }).advanceAll();
    expect(await world.outcome()).toBe('restarted');
  });
});
