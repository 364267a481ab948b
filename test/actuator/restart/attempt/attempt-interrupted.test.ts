import { beforeEach, describe, expect, it } from 'vitest';
import { LedgerUnavailable } from '../../../../src/model/errors.ts';
import { ModelPlatform, unreadable } from '../../../models/model-platform.ts';
import { RunnerWorld, SHOP } from './runner-world.ts';

let world: RunnerWorld;

beforeEach(() => {
  world = new RunnerWorld();
});

describe('an attempt that wrote nothing to the socket', () => {
  beforeEach(() => {
    world.platform.restart = async () => ({ kind: 'not-sent', why: 'ECONNREFUSED' });
  });

  it('closes at once, keeps the boot spent, and is no failure to the breaker', async () => {
    for (let count = 0; count < 4; count++) {
      await world.claim();
      await world.runner().advanceAll();
      expect(await world.outcome()).toBe('abandoned');
      expect(world.evidence()).toBe('nothing was sent: ECONNREFUSED');
      const view = await world.ledger.read(SHOP);
      expect(view).toMatchObject({ open: null, breakerOpenUntilMs: 0 });
      expect(view.spentBootIds).toContain(world.platform.dyno('worker.1').id);
      world.platform.cycle('worker.1');
      world.clock.pass(3_600_000);
    }
  });

  it('is closed at the next call when the ledger did not answer, and only by the sender', async () => {
    await world.claim();
    const { advance } = world.ledger;
    world.ledger.advance = async (attempt, move) => {
      if (move.to === 'closed') throw new LedgerUnavailable('no answer');
      return advance.call(world.ledger, attempt, move);
    };
    const sender = world.runner();
    await sender.advanceAll();
    world.ledger.advance = advance;
    await world.runner().advanceAll();
    expect(await world.openPhase()).toBe('sending');
    await sender.advanceAll();
    expect(await world.outcome()).toBe('abandoned');
  });
});

describe('an interrupted runner', () => {
  it('never sends when the answer to its write of `sending` was lost; a successor only reads', async () => {
    await world.claim();
    const { advance } = world.ledger;
    world.ledger.advance = async (attempt, move) => {
      const answer = await advance.call(world.ledger, attempt, move);
      if (move.to === 'sending') throw new LedgerUnavailable('no answer');
      return answer;
    };
    expect((await world.runner().advanceAll()).faults).toMatchObject([{ error: { code: 'ledger-unavailable' } }]);
    world.ledger.advance = advance;
    await world.runner().advanceAll();
    world.clock.pass(90_000);
    await world.runner().advanceAll();
    expect(await world.outcome()).toBe('unconfirmed');
    expect(world.platform.deletes).toEqual([]);
  });

  it('does not send when it slept between the write and the socket', async () => {
    await world.claim();
    const { advance } = world.ledger;
    world.ledger.advance = async (attempt, move) => {
      const answer = await advance.call(world.ledger, attempt, move);
      if (move.to === 'sending') world.clock.pass(5_000);
      return answer;
    };
    await world.runner().advanceAll();
    expect(world.platform.deletes).toEqual([]);
    expect(await world.outcome()).toBe('abandoned');
    expect(world.evidence()).toContain('nothing was sent: too late');
  });

  it('reads again when it slept after the last re-read', async () => {
    await world.claim();
    const list = () => ModelPlatform.prototype.list.call(world.platform);
    let reads = 0;
    world.platform.list = async () => {
      const dynos = await list();
      reads += 1;
      if (reads === 2) world.clock.pass(15_001);
      return dynos;
    };
    await world.runner().advanceAll();
    expect([reads, world.platform.deletes]).toEqual([2, []]);
    await world.runner().advanceAll();
    expect([reads, world.platform.deletes.length]).toEqual([3, 1]);
  });

  it('leaves an attempt that one call is still at to that call, and other targets do not wait', async () => {
    await world.claim();
    const mailer = { app: 'mail', processType: 'worker' };
    const working = world.runner();
    let end: (error: Error) => void = () => {};
    world.platform.restart = () =>
      new Promise((_, reject) => {
        end = reject;
      });
    void working.advanceAll();
    await expect.poll(() => world.openPhase()).toBe('sending');
    await world.claim({ target: mailer, dyno: 'worker.2', bootId: world.platform.dyno('worker.2').id });
    world.idle = false;
    await working.advanceAll();
    expect((await world.ledger.read(mailer)).open?.phase).toBe('draining');
    end(new Error('a fault'));
  });

  it('starts nothing once it is stopped', async () => {
    await world.claim();
    const working = world.runner();
    await working.stop();
    await working.advanceAll();
    expect(await world.openPhase()).toBe('claimed');
  });

  it('aborts a read when it is stopped, and draws no conclusion from it', async () => {
    await world.claim();
    await world.runner().advanceAll();
    world.clock.pass(90_000);
    const working = world.runner();
    const silent = Promise.withResolvers<AbortSignal | undefined>();
    world.platform.list = (_app?: string, signal?: AbortSignal) =>
      new Promise((_, reject) => {
        signal?.addEventListener('abort', () => reject(unreadable()));
        silent.resolve(signal);
      });
    const advancing = working.advanceAll();
    await silent.promise;
    await working.stop();
    expect((await advancing).faults).toEqual([]);
    expect(await world.openPhase()).toBe('sending');
  });

  it('reports when the ledger does not answer', async () => {
    world.ledger.open = async () => {
      throw new LedgerUnavailable('gone');
    };
    expect((await world.runner().advanceAll()).faults).toMatchObject([{ target: null, error: { message: 'gone' } }]);
  });
});
