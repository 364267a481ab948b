import { describe, expect, it, vi } from 'vitest';
import { LedgerUnavailable, UnreadableRecord } from '../../../src/model/errors.ts';
import { LoopWorld, SHOP, WINDOW_MS } from '../../models/loop-world.ts';
import { unreadable } from '../../models/model-platform.ts';

const messages = (world: LoopWorld, level: string) =>
  world.lines.filter((line) => line.level === level).map(({ message }) => message);

describe('a tick', () => {
  it('advances the open attempts first, even if no dyno reports', async () => {
    const world = new LoopWorld();
    await world.tick();
    expect(world.advances).toBe(1);
  });

  it('claims a bloated dyno once it has led for a window', async () => {
    const world = new LoopWorld();
    world.report('worker.1');
    await world.tick();
    expect(world.decisionOn('worker.1')).toMatchObject({ action: 'none', reason: 'taking-over' });
    expect(await world.ledger.open()).toEqual([]);
    world.clock.pass(WINDOW_MS);
    await world.tick();
    expect(await world.ledger.open()).toMatchObject([{ dyno: 'worker.1', phase: 'claimed', by: 'policy' }]);
    expect(world.history.decisions.recent(1)).toMatchObject([
      { decision: { action: 'restart' }, attemptId: 'attempt-1' },
    ]);
  });

  it('adds up the suspects of the dynos that it claims, and of no others', async () => {
    const world = new LoopWorld();
    const suspects = vi.spyOn(world.jobs, 'suspects');
    world.report('worker.1', { usageMb: () => 100 });
    await world.settle();
    expect(suspects).not.toHaveBeenCalled();
    world.report('worker.2');
    await world.tick();
    expect(suspects.mock.calls.map(([{ dyno }]) => dyno)).toEqual(['worker.2']);
  });

  it('claims nothing while another actuator leads, and publishes nothing', async () => {
    const world = new LoopWorld();
    world.isLeader = false;
    world.report('worker.1');
    await world.settle();
    expect(await world.ledger.open()).toEqual([]);
    expect(world.events).toEqual([]);
    expect(messages(world, 'info')).toContain('decision');
  });

  it('without a token only observes: it decides without the platform, and claims nothing', async () => {
    const world = new LoopWorld({ hasPlatform: false });
    world.report('worker.1');
    await world.settle();
    expect(world.decisionOn('worker.1')).toMatchObject({ action: 'restart' });
    expect(await world.ledger.open()).toEqual([]);
    expect(world.advances).toBe(0);
  });

  it('without Redis only observes, and says why it would restart nothing', async () => {
    const world = new LoopWorld({ hasLedger: false });
    world.report('worker.1');
    await world.settle();
    expect(world.decisionOn('worker.1')).toMatchObject({ action: 'none', reason: 'ledger-unavailable' });
    expect(messages(world, 'warn')).toEqual([]);
  });

  it('reads no app of the platform that is not on the allow-list, and restarts nothing of it', async () => {
    const world = new LoopWorld();
    world.report('worker.1', { app: 'stranger' });
    const asked: string[] = [];
    const list = world.platform.list.bind(world.platform);
    world.platform.list = async (...args: unknown[]) => {
      asked.push(String(args[0]));
      return list();
    };
    await world.settle();
    expect(asked).toEqual([]);
    expect(await world.ledger.open()).toEqual([]);
  });

  it('reads the ledgers of the targets on the allow-list, all at once, and no others', async () => {
    const world = new LoopWorld({ permissions: { allowed: [SHOP, { app: 'mail', processType: 'worker' }] } });
    for (const app of ['shop', 'mail', 'stranger']) world.report('worker.1', { app });
    const read = world.ledger.read.bind(world.ledger);
    const asked: string[] = [];
    let askedBeforeAnswer = 0;
    world.ledger.read = async (target) => {
      asked.push(target.app);
      await Promise.resolve();
      askedBeforeAnswer ||= asked.length;
      return read(target);
    };
    await world.tick();
    expect(new Set(asked)).toEqual(new Set(['shop', 'mail']));
    expect(askedBeforeAnswer).toBe(2);
  });

  it('judges a silent boot once, and again after five windows', async () => {
    const world = new LoopWorld();
    world.report('worker.1');
    world.clock.pass(4 * WINDOW_MS);
    const judgedAt: (number | undefined)[] = [];
    for (let window = 0; window < 12; window++) {
      await world.tick();
      judgedAt.push(world.registry.newestOf('shop', 'worker.1')?.decision?.timeMs);
      world.clock.pass(WINDOW_MS);
    }
    expect(world.registry.newestOf('shop', 'worker.1')?.decision?.reason).toBe('silent');
    expect(new Set(judgedAt).size).toBe(3);
  });

  it('continues when the platform cannot be read, and restarts nothing then', async () => {
    const world = new LoopWorld();
    world.platform.listFault = unreadable();
    world.report('worker.1');
    await world.settle();
    expect(world.decisionOn('worker.1')).toMatchObject({ action: 'none', reason: 'platform-unavailable' });
    expect(messages(world, 'warn')).toContain('the platform could not be read');
  });

  it('leaves a boot alone that the platform does not list, even under a listed name', async () => {
    const world = new LoopWorld();
    world.report('worker.1');
    world.platform.cycle('worker.1');
    await world.settle();
    expect(world.decisionOn('worker.1')).toMatchObject({ action: 'none', reason: 'boot-not-listed' });
    expect(await world.ledger.open()).toEqual([]);
  });

  it('continues when the ledger does not answer, and says so once a tick', async () => {
    const world = new LoopWorld();
    world.report('worker.1');
    world.ledger.read = async () => Promise.reject(new LedgerUnavailable('no answer'));
    await world.tick();
    expect(world.decisionOn('worker.1')).toMatchObject({ action: 'none', reason: 'ledger-unavailable' });
    expect(messages(world, 'warn')).toEqual(['the ledger could not be read']);
  });

  it('does not repeat what is known of a damaged record', async () => {
    const world = new LoopWorld();
    world.report('worker.1');
    world.ledger.read = async () => Promise.reject(new UnreadableRecord('damaged'));
    await world.tick();
    expect(messages(world, 'warn')).toEqual([]);
  });

  it('logs a claim that the ledger refuses or does not answer, and decides again', async () => {
    const world = new LoopWorld();
    world.report('worker.1');
    await world.tick();
    world.clock.pass(WINDOW_MS);
    world.ledger.claim = async () => Promise.reject(new LedgerUnavailable('no answer'));
    await world.tick();
    expect(messages(world, 'warn')).toEqual(['the ledger did not answer a claim']);
    world.ledger.claim = async () => ({ ok: false, why: 'paused' });
    await world.tick();
    expect(world.lines).toContainEqual({
      level: 'info',
      message: 'the ledger granted no attempt',
      fields: { target: 'shop:worker', dyno: 'worker.1', why: 'paused' },
    });
  });

  it('reports a decision when it changes, and not again while it stays', async () => {
    const world = new LoopWorld({ permissions: { allowed: [SHOP], dryRun: true } });
    world.report('worker.1', { usageMb: () => 120 });
    await world.settle();
    await world.tick();
    const decisions = world.events.filter(({ type }) => type === 'decision');
    expect(decisions).toHaveLength(1);
  });

  it('reports that a breaker has opened, once', async () => {
    const world = new LoopWorld();
    world.report('worker.1', { usageMb: () => 120, windows: 5 });
    const read = world.ledger.read.bind(world.ledger);
    const breakerOpenUntilMs = world.clock.now() + 60_000;
    world.ledger.read = async (target) => ({
      ...(await read(target)),
      breakerOpenUntilMs,
      breakerReason: 'it did not help',
    });
    await world.tick();
    await world.tick();
    const opened = world.events.filter(({ type }) => type === 'breaker');
    expect(opened).toMatchObject([{ target: 'shop:worker', reason: 'it did not help' }]);
  });

  it("writes a boot's floor after warm-up into the ledger while it leads", async () => {
    const world = new LoopWorld();
    world.isLeader = false;
    world.report('worker.1', { usageMb: () => 120 });
    await world.tick();
    expect((await world.ledger.read(SHOP)).learnedFloorBytes).toBeNull();
    world.isLeader = true;
    await world.tick();
    const learnedBytes = (await world.ledger.read(SHOP)).learnedFloorBytes ?? 0;
    expect(Math.round(learnedBytes / 1024 ** 2)).toBe(120);
  });
});
