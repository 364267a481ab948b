import { beforeEach, describe, expect, it } from 'vitest';
import type { AttemptMoverParts } from '../../../src/actuator/restart/attempt-mover.ts';
import { AttemptRunner } from '../../../src/actuator/restart/attempt-runner.ts';
import type { Attempt } from '../../../src/attempt/attempt.ts';
import { LedgerUnavailable, PlatformError } from '../../../src/model/errors.ts';
import type { ClaimRequest } from '../../../src/ports.ts';
import { aClaim } from '../../models/ledger-contract.ts';
import { ModelLedger } from '../../models/model-ledger.ts';
import { type DeleteFate, ModelPlatform, unreadable } from '../../models/model-platform.ts';
import { VirtualClock } from '../../models/virtual-clock.ts';

const SHOP = { app: 'shop', processType: 'worker' };
const GRACE_MS = 120_000;

let clock: VirtualClock;
let ledger: ModelLedger;
let platform: ModelPlatform;
let moves: Attempt[];
let idle: boolean | null;
let asked: Attempt[];

beforeEach(() => {
  clock = new VirtualClock();
  ledger = new ModelLedger(clock, { cooldownMs: 900_000, maxRestartsPerHour: 4, holdMs: 0 });
  platform = new ModelPlatform(clock, ['worker.1', 'worker.2']);
  moves = [];
  asked = [];
  idle = true;
});

function runner(changes: Partial<AttemptMoverParts> = {}): AttemptRunner {
  return new AttemptRunner({
    ledger,
    platform,
    clock,
    drain: {
      ask: async (attempt) => void asked.push(attempt),
      idle: async () => idle,
    },
    graceMs: GRACE_MS,
    permission: () => 'allowed',
    stillHolds: () => true,
    onMove: (attempt) => moves.push(attempt),
    ...changes,
  });
}

async function claim(changes: Partial<ClaimRequest> = {}): Promise<Attempt> {
  const answer = await ledger.claim(aClaim({ bootId: platform.dyno('worker.1').id, ...changes }));
  if (!answer.ok) throw new Error(answer.why);
  return answer.attempt;
}

const openPhase = async () => (await ledger.read(SHOP)).open?.phase ?? null;
const outcome = async () => (await ledger.read(SHOP)).history[0]?.outcome ?? null;
const evidence = () => moves.at(-1)?.evidence;

describe('an attempt on its way', () => {
  it('goes from claim to one DELETE in one call, and closes when the new boot shows', async () => {
    const old = platform.dyno('worker.1').id;
    const working = runner();
    await working.claim(aClaim({ bootId: old }));
    await working.advanceAll();
    expect(moves.map(({ phase }) => phase)).toEqual(['claimed', 'draining', 'sending']);
    expect(platform.deletes).toMatchObject([{ dyno: 'worker.1', bootId: old }]);
    await working.advanceAll();
    expect(await openPhase()).toBe('sending');
    clock.pass(5_000);
    await working.advanceAll();
    expect(await outcome()).toBe('restarted');
    expect(evidence()).toContain(platform.dyno('worker.1').id);
    expect(platform.deletes).toHaveLength(1);
  });

  it('recognises a boot with a derived id by its start', async () => {
    const { createdAtMs } = platform.dyno('worker.1');
    await claim({ bootId: 'derived', bootIdSource: 'derived', bootStartTimeMs: createdAtMs + 4_000 });
    await runner().advanceAll();
    expect(platform.deletes).toHaveLength(1);
    expect((await ledger.read(SHOP)).spentBootIds).toEqual(['derived', platform.dyno('worker.1').id]);
  });

  it('sends nothing for a boot with a derived id where another reports under the id of the dyno', async () => {
    const { id, createdAtMs } = platform.dyno('worker.1');
    await claim({ bootId: 'derived', bootIdSource: 'derived', bootStartTimeMs: createdAtMs + 4_000 });
    const carried: string[] = [];
    await runner({ isCarriedByAnother: (_, dynoId) => carried.push(dynoId) > 0 }).advanceAll();
    expect(carried).toEqual([id]);
    expect(platform.deletes).toEqual([]);
    expect(await outcome()).toBe('abandoned');
    expect(evidence()).toContain('reports under its own id');
    expect((await ledger.read(SHOP)).cooldownUntilMs).toBe(0);
  });

  it('sends nothing for a boot with a derived id that says it started long after the dyno was created', async () => {
    const { createdAtMs } = platform.dyno('worker.1');
    for (const bootStartTimeMs of [createdAtMs + 20 * 60_000, clock.now() + 3_600_000]) {
      await claim({ bootId: 'derived', bootIdSource: 'derived', bootStartTimeMs });
      await runner().advanceAll();
      expect(await outcome()).toBe('abandoned');
    }
    expect(platform.deletes).toEqual([]);
  });

  it('is confirmed by the new boot also where the old one said that it started in the future', async () => {
    await claim({ bootStartTimeMs: clock.now() + 3_600_000 });
    await runner().advanceAll();
    clock.pass(5_000);
    await runner().advanceAll();
    expect(await outcome()).toBe('restarted');
  });

  it('takes a successor of another name for the new boot where the old name is gone, as on Fir', async () => {
    await claim();
    await runner().advanceAll();
    platform.remove('worker.1');
    await runner().advanceAll();
    expect(await openPhase()).toBe('sending');
    clock.pass(1_000);
    platform.add('worker-abc-def');
    await runner().advanceAll();
    expect(await outcome()).toBe('restarted');
  });

  it('waits for the jobs, asking all the while, and sends when they are done', async () => {
    idle = false;
    await claim();
    await runner().advanceAll();
    await runner().advanceAll();
    expect(asked).toHaveLength(2);
    expect(platform.deletes).toEqual([]);
    idle = true;
    await runner().advanceAll();
    expect(platform.deletes).toHaveLength(1);
  });

  it.each([
    ['go-on', 1, null],
    ['stop', 0, 'drain-timeout'],
  ] as const)('when jobs still run at the end of the grace: %s', async (onDrainTimeout, sent, closed) => {
    idle = null;
    await claim();
    await runner({ onDrainTimeout: () => onDrainTimeout }).advanceAll();
    clock.pass(GRACE_MS);
    await runner({ onDrainTimeout: () => onDrainTimeout }).advanceAll();
    expect(platform.deletes).toHaveLength(sent);
    expect(await outcome()).toBe(closed);
  });

  it('goes on to the end of the grace where the drain cannot be asked for, and says so', async () => {
    await claim();
    const drain = {
      ask: async () => {
        throw new Error('the queue does not answer');
      },
      idle: async () => true,
    };
    const { faults } = await runner({ drain }).advanceAll();
    expect(faults).toMatchObject([{ target: SHOP, error: { message: 'the queue does not answer' } }]);
    expect(await openPhase()).toBe('draining');
    clock.pass(GRACE_MS);
    await runner({ drain }).advanceAll();
    expect(platform.deletes).toHaveLength(1);
  });
});

describe('an attempt that must not be sent', () => {
  const before: [string, () => void, string][] = [
    ['is another boot by now', () => platform.cycle('worker.1'), 'another boot'],
    ['is gone', () => platform.remove('worker.1'), 'lists no worker.1'],
    ['is not up', () => platform.change('worker.1', { state: 'starting' }), 'not up'],
    ['has crashed', () => platform.change('worker.1', { state: 'crashed' }), 'not up'],
    ['is of another type', () => platform.change('worker.1', { processType: 'web' }), 'of the type web'],
    ['is a one-off', () => platform.change('worker.1', { processType: 'run' }), 'one-off'],
  ];

  it.each(before)('is abandoned before the drain where the dyno %s', async (_, happens, why) => {
    await claim();
    happens();
    await runner().advanceAll();
    expect(await outcome()).toBe('abandoned');
    expect(evidence()).toContain(why);
    expect(asked).toEqual([]);
    expect(platform.deletes).toEqual([]);
  });

  it.each(before)('is abandoned after the drain where the dyno %s', async (_, happens, why) => {
    idle = false;
    await claim();
    await runner().advanceAll();
    idle = true;
    happens();
    await runner().advanceAll();
    expect(await outcome()).toBe('abandoned');
    expect(evidence()).toContain(why);
    expect(platform.deletes).toEqual([]);
  });

  it.each(before)(
    'is abandoned at the end of its grace where the dyno %s during the drain and its points end with it',
    async (_, happens, why) => {
      idle = false;
      await claim();
      await runner().advanceAll();
      happens();
      clock.pass(GRACE_MS);
      await runner({ stillHolds: () => null }).advanceAll();
      expect(await outcome()).toBe('abandoned');
      expect(evidence()).toContain(why);
      expect(platform.deletes).toEqual([]);
    },
  );

  it('is abandoned where the newest points no longer ask for it, except for a person', async () => {
    await claim();
    await runner({ stillHolds: () => false }).advanceAll();
    expect(await outcome()).toBe('abandoned');
    await claim({ by: 'person' });
    await runner({ stillHolds: () => false }).advanceAll();
    expect(platform.deletes).toHaveLength(1);
  });

  it('is abandoned where fewer others are up than must be, before the drain and after it, except for a person', async () => {
    const careful = runner({ minHealthy: 1 });
    platform.change('worker.2', { state: 'crashed' });
    await claim();
    await careful.advanceAll();
    expect(evidence()).toContain('only 0 other dynos of the type are up, and 1 must be');
    expect(asked).toEqual([]);
    platform.change('worker.2', { state: 'up' });
    clock.pass(900_000);
    idle = false;
    await claim();
    await careful.advanceAll();
    expect(await openPhase()).toBe('draining');
    platform.change('worker.2', { state: 'starting' });
    idle = true;
    await careful.advanceAll();
    expect(await outcome()).toBe('abandoned');
    expect(platform.deletes).toEqual([]);
    await claim({ by: 'person' });
    await careful.advanceAll();
    expect(platform.deletes).toHaveLength(1);
  });

  it('waits while the points cannot be judged, and is abandoned when its time is over', async () => {
    await claim();
    await runner({ stillHolds: () => null }).advanceAll();
    expect(await openPhase()).toBe('draining');
    clock.pass(GRACE_MS + 60_001);
    await runner().advanceAll();
    expect(await outcome()).toBe('abandoned');
    expect(platform.deletes).toEqual([]);
  });

  it('is abandoned when paused before it was sent', async () => {
    idle = false;
    await claim();
    await runner().advanceAll();
    await ledger.pause(SHOP);
    idle = true;
    await runner().advanceAll();
    expect(await outcome()).toBe('abandoned');
    expect(platform.deletes).toEqual([]);
  });

  it.each([
    ['forbidden', 'allow-list'],
    ['dry', 'dry'],
  ] as const)('is abandoned where this actuator is configured otherwise: %s', async (permission, why) => {
    await claim();
    await runner({ permission: () => permission }).advanceAll();
    expect(await outcome()).toBe('abandoned');
    expect(evidence()).toContain(why);
  });

  it('ends as a dry run after the first re-read: no drain, nothing spent', async () => {
    await claim({ dryRun: true });
    await runner({ permission: () => 'dry' }).advanceAll();
    const view = await ledger.read(SHOP);
    expect(view.dryHistory[0]?.outcome).toBe('dry-run');
    expect(view.spentBootIds).toEqual([]);
    expect([asked, platform.deletes]).toEqual([[], []]);
  });

  it('is abandoned where the platform cannot be read in time, without asking it while it wants no calls', async () => {
    await claim();
    const { faults } = await runner({ mayCallPlatform: () => false }).advanceAll();
    expect([faults, await openPhase()]).toEqual([[], 'claimed']);
    platform.listFault = unreadable();
    expect((await runner().advanceAll()).faults).toMatchObject([{ error: { code: 'platform-unavailable' } }]);
    clock.pass(60_001);
    await runner().advanceAll();
    expect(await outcome()).toBe('abandoned');
  });
});

describe('what the platform makes of the DELETE', () => {
  it.each<[DeleteFate, string, RegExp]>([
    ['lost-answer', 'restarted', /new boot/],
    ['lost-request', 'unconfirmed', /still shows.*not answered: the socket broke/],
    ['no-op', 'unconfirmed', /still shows/],
  ])('is found out by reading: %s', async (fate, closed, why) => {
    platform.fate = fate;
    await claim();
    const working = runner();
    await working.advanceAll();
    clock.pass(90_000);
    await working.advanceAll();
    expect(await outcome()).toBe(closed);
    expect(evidence()).toMatch(why);
    expect(platform.deletes).toHaveLength(1);
  });

  it('closes at once on a refusal, and frees the boot', async () => {
    platform.fate = 'refused';
    await claim();
    expect((await runner().advanceAll()).platformBlocked).toBeNull();
    expect(await outcome()).toBe('refused');
    expect(evidence()).toContain('422 invalid_params');
    expect((await ledger.read(SHOP)).spentBootIds).toEqual([]);
  });

  it('passes on what concerns every target', async () => {
    platform.fate = 'rate-limited';
    await claim();
    expect((await runner().advanceAll()).platformBlocked).toMatchObject({ status: 429 });
    expect(await outcome()).toBe('refused');
    platform.listFault = new PlatformError('unauthorized', 'no', { status: 401 });
    clock.pass(900_000);
    await claim();
    expect((await runner().advanceAll()).platformBlocked).toBe(platform.listFault);
  });

  it('takes a 404 and a scaled-down dyno for gone', async () => {
    await claim();
    const { restart } = platform;
    platform.restart = (...args) => {
      platform.remove('worker.1');
      return restart.apply(platform, args);
    };
    await runner().advanceAll();
    expect(await outcome()).toBe('already-gone');
  });

  it('closes as gone at the deadline where no successor comes', async () => {
    await claim();
    await runner().advanceAll();
    platform.remove('worker.1');
    clock.pass(90_000);
    await runner().advanceAll();
    expect(await outcome()).toBe('already-gone');
  });

  it('closes as unconfirmed where the platform cannot be read until the deadline', async () => {
    await claim();
    await runner().advanceAll();
    platform.listFault = unreadable();
    clock.pass(90_000);
    await runner().advanceAll();
    expect(await outcome()).toBe('unconfirmed');
  });
});

describe('an attempt of which nothing was written to the socket', () => {
  beforeEach(() => {
    platform.restart = async () => ({ kind: 'not-sent', why: 'ECONNREFUSED' });
  });

  it('closes at once, keeps the boot spent, and is no failure to the breaker', async () => {
    for (let count = 0; count < 4; count++) {
      await claim();
      await runner().advanceAll();
      expect(await outcome()).toBe('abandoned');
      expect(evidence()).toBe('nothing was sent: ECONNREFUSED');
      const view = await ledger.read(SHOP);
      expect(view).toMatchObject({ open: null, breakerOpenUntilMs: 0 });
      expect(view.spentBootIds).toContain(platform.dyno('worker.1').id);
      platform.cycle('worker.1');
      clock.pass(3_600_000);
    }
  });

  it('is closed at the next call where the ledger did not answer, and only by the sender', async () => {
    await claim();
    const { advance } = ledger;
    ledger.advance = async (attempt, move) => {
      if (move.to === 'closed') throw new LedgerUnavailable('no answer');
      return advance.call(ledger, attempt, move);
    };
    const sender = runner();
    await sender.advanceAll();
    ledger.advance = advance;
    await runner().advanceAll();
    expect(await openPhase()).toBe('sending');
    await sender.advanceAll();
    expect(await outcome()).toBe('abandoned');
  });
});

describe('whoever was interrupted', () => {
  it('never sends where the answer to its write of `sending` was lost; who finds it only reads', async () => {
    await claim();
    const { advance } = ledger;
    ledger.advance = async (attempt, move) => {
      const answer = await advance.call(ledger, attempt, move);
      if (move.to === 'sending') throw new LedgerUnavailable('no answer');
      return answer;
    };
    expect((await runner().advanceAll()).faults).toMatchObject([{ error: { code: 'ledger-unavailable' } }]);
    ledger.advance = advance;
    await runner().advanceAll();
    clock.pass(90_000);
    await runner().advanceAll();
    expect(await outcome()).toBe('unconfirmed');
    expect(platform.deletes).toEqual([]);
  });

  it('does not send where it slept between the write and the socket', async () => {
    await claim();
    const { advance } = ledger;
    ledger.advance = async (attempt, move) => {
      const answer = await advance.call(ledger, attempt, move);
      if (move.to === 'sending') clock.pass(5_000);
      return answer;
    };
    await runner().advanceAll();
    expect(platform.deletes).toEqual([]);
    expect(await outcome()).toBe('abandoned');
    expect(evidence()).toContain('nothing was sent: too late');
  });

  it('reads again where it slept after the last re-read', async () => {
    await claim();
    const list = () => ModelPlatform.prototype.list.call(platform);
    let reads = 0;
    platform.list = async () => {
      const dynos = await list();
      reads += 1;
      if (reads === 2) clock.pass(15_001);
      return dynos;
    };
    await runner().advanceAll();
    expect([reads, platform.deletes]).toEqual([2, []]);
    await runner().advanceAll();
    expect([reads, platform.deletes.length]).toEqual([3, 1]);
  });

  it('leaves an attempt that one call is still at to that call, and other targets do not wait', async () => {
    await claim();
    const mailer = { app: 'mail', processType: 'worker' };
    const working = runner();
    let end: (error: Error) => void = () => {};
    platform.restart = () =>
      new Promise((_, reject) => {
        end = reject;
      });
    void working.advanceAll();
    await expect.poll(openPhase).toBe('sending');
    await claim({ target: mailer, dyno: 'worker.2', bootId: platform.dyno('worker.2').id });
    idle = false;
    await working.advanceAll();
    expect((await ledger.read(mailer)).open?.phase).toBe('draining');
    end(new Error('a fault'));
  });

  it('begins nothing after it was told to stop', async () => {
    await claim();
    const working = runner();
    await working.stop();
    await working.advanceAll();
    expect(await openPhase()).toBe('claimed');
  });

  it('breaks off a reading when it is told to stop, and makes nothing of it', async () => {
    await claim();
    await runner().advanceAll();
    clock.pass(90_000);
    const working = runner();
    const silent = Promise.withResolvers<AbortSignal | undefined>();
    platform.list = (_app?: string, signal?: AbortSignal) =>
      new Promise((_, reject) => {
        signal?.addEventListener('abort', () => reject(unreadable()));
        silent.resolve(signal);
      });
    const advancing = working.advanceAll();
    await silent.promise;
    await working.stop();
    expect((await advancing).faults).toEqual([]);
    expect(await openPhase()).toBe('sending');
  });

  it('tells where the ledger does not answer', async () => {
    ledger.open = async () => {
      throw new LedgerUnavailable('gone');
    };
    expect((await runner().advanceAll()).faults).toMatchObject([{ target: null, error: { message: 'gone' } }]);
  });
});
