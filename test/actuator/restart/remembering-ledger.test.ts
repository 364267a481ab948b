import { beforeEach, describe, expect, it } from 'vitest';
import { type LedgerLoss, RememberingLedger } from '../../../src/actuator/restart/remembering-ledger.ts';
import type { Attempt, Move } from '../../../src/attempt/attempt.ts';
import { LedgerUnavailable } from '../../../src/model/errors.ts';
import { aClaim } from '../../models/a-claim.ts';
import { ModelLedger } from '../../models/ledger/model-ledger.ts';
import { VirtualClock } from '../../models/virtual-clock.ts';

const SHOP = { app: 'shop', processType: 'worker' };
const MAIL = { app: 'mail', processType: 'worker' };
const POLICY = { cooldownMs: 60_000, maxRestartsPerHour: 4, holdMs: 240_000 };

let clock: VirtualClock;
let ledger: ModelLedger;
let losses: LedgerLoss[];
let mine: RememberingLedger;
let other: RememberingLedger;

beforeEach(async () => {
  clock = new VirtualClock();
  ledger = new ModelLedger(clock, POLICY);
  losses = [];
  mine = new RememberingLedger(ledger, (loss) => losses.push(loss));
  other = new RememberingLedger(ledger);
  await mine.read(SHOP);
  clock.pass(POLICY.holdMs);
});

async function claimed(by: RememberingLedger, bootId = 'boot-1'): Promise<Attempt> {
  const answer = await by.claim(aClaim({ bootId }));
  if (!answer.ok) throw new Error(answer.why);
  return answer.attempt;
}

async function moved(by: RememberingLedger, attempt: Attempt, move: Move): Promise<Attempt> {
  const answer = await by.advance(attempt, move);
  if (!answer.ok) throw new Error(answer.why);
  return answer.attempt;
}

async function sent(by: RememberingLedger, bootId = 'boot-1'): Promise<Attempt> {
  const to = { platformDynoId: `platform-${bootId}`, deadlineInMs: 90_000 };
  const draining = await moved(by, await claimed(by, bootId), { to: 'draining', ...to });
  return moved(by, draining, { to: 'sending', ...to });
}

/** Reads now; what is returned lets the answer arrive. */
function lateRead(): () => Promise<unknown> {
  const read = ledger.read.bind(ledger);
  let arrive = () => {};
  const arrived = new Promise<void>((resolve) => {
    arrive = resolve;
  });
  ledger.read = async (target) => {
    const view = await read(target);
    await arrived;
    return view;
  };
  const view = mine.read(SHOP);
  ledger.read = read;
  return () => {
    arrive();
    return view;
  };
}

const spent = async () => [...(await ledger.read(SHOP)).spentBootIds].sort();
const closed = (outcome: 'unconfirmed' | 'refused'): Move => ({ to: 'closed', outcome, evidence: '' });

describe('a ledger that was lost under a living actuator', () => {
  it('knows again which boots this one has sent for, and the attempt that is on its way', async () => {
    const attempt = await sent(mine);
    ledger.empty();
    expect(await mine.open()).toEqual([attempt]);
    expect(await spent()).toEqual(['boot-1', 'platform-boot-1']);
    expect(losses).toMatchObject([{ targets: [SHOP], spentBoots: 2, ended: [] }]);
    expect(losses[0]?.heldUntilMs).toBe(clock.now() + POLICY.holdMs);
    await moved(mine, attempt, closed('unconfirmed'));
    clock.pass(POLICY.holdMs);
    expect(await mine.claim(aClaim())).toEqual({ ok: false, why: 'boot-spent' });
    expect(losses).toHaveLength(1);
  });

  it('is written back before the claim of a process that has not read since', async () => {
    await moved(mine, await sent(mine), closed('unconfirmed'));
    ledger.empty();
    await ledger.read(SHOP);
    clock.pass(POLICY.holdMs);
    expect(await mine.claim(aClaim())).toEqual({ ok: false, why: 'boot-spent' });
  });

  it('knows again what another actuator had sent for, as far as this one has read it', async () => {
    const attempt = await sent(other);
    await mine.read(SHOP);
    ledger.empty();
    expect((await mine.read(SHOP)).open).toEqual(attempt);
    expect(await spent()).toEqual(['boot-1', 'platform-boot-1']);
  });

  it('takes what two actuators write once, and opens no attempt that was closed since', async () => {
    const attempt = await sent(other);
    await mine.read(SHOP);
    ledger.empty();
    await mine.read(SHOP);
    await other.read(SHOP);
    await moved(mine, attempt, closed('unconfirmed'));
    const third = new RememberingLedger(ledger);
    await third.read(SHOP);
    expect(await third.open()).toEqual([]);
    expect((await ledger.read(SHOP)).history).toHaveLength(1);
    await ledger.writeBack(SHOP, {
      spentBootIds: [],
      sending: attempt,
      sentAttempts: [],
      sentAtMs: [],
      pausedBy: { all: false, target: false },
      pauser: null,
      cooldownUntilMs: 0,
      breakerOpenUntilMs: 0,
      breakerReason: null,
    });
    expect(await ledger.open()).toEqual([]);
  });

  it('holds pauses, cooldown and breaker again, of targets too that are not read now', async () => {
    for (const bootId of ['a', 'b', 'c']) {
      await moved(mine, await sent(mine, bootId), closed('unconfirmed'));
      clock.pass(POLICY.cooldownMs);
    }
    await mine.pause(MAIL);
    const before = await mine.read(SHOP);
    ledger.empty();
    expect(await mine.read(SHOP)).toMatchObject({
      breakerOpenUntilMs: before.breakerOpenUntilMs,
      breakerReason: before.breakerReason,
      paused: false,
    });
    expect((await ledger.read(MAIL)).pausedBy).toEqual({ all: false, target: true });
    await mine.pause(null);
    ledger.empty();
    await mine.read(SHOP);
    expect((await ledger.read(MAIL)).pausedBy).toEqual({ all: true, target: true });
  });

  it("leaves a person's word that came after the loss as it is", async () => {
    await mine.pause(null);
    await mine.pause(SHOP);
    ledger.empty();
    await ledger.resume(null);
    await ledger.resume(SHOP);
    expect((await mine.read(SHOP)).paused).toBe(false);
    await ledger.pause(SHOP);
    expect((await mine.read(SHOP)).pausedBy).toEqual({ all: false, target: true });
  });

  it('ends the attempt of which nothing was sent, and says so', async () => {
    const attempt = await claimed(mine);
    ledger.empty();
    expect(await mine.open()).toEqual([]);
    expect(losses).toMatchObject([{ ended: [{ id: attempt.id, phase: 'claimed' }] }]);
    await mine.read(SHOP);
    expect(losses).toHaveLength(1);
  });

  it('is written back by the next read if the first failed', async () => {
    await sent(mine);
    ledger.empty();
    const { writeBack } = ledger;
    ledger.writeBack = async () => Promise.reject(new LedgerUnavailable('away'));
    await expect(mine.read(SHOP)).rejects.toThrow('away');
    ledger.writeBack = writeBack;
    await mine.read(SHOP);
    expect(await spent()).toEqual(['boot-1', 'platform-boot-1']);
  });
});

describe('a ledger that came back without its newest part', () => {
  const DRAIN: Move = { to: 'draining', platformDynoId: 'platform-boot-1', deadlineInMs: 90_000 };
  const SEND: Move = { to: 'sending', platformDynoId: 'platform-boot-1', deadlineInMs: 90_000 };

  it('has the attempt in `sending` again where it shows it before', async () => {
    const draining = await moved(mine, await claimed(mine), DRAIN);
    const saved = ledger.save();
    const sending = await moved(mine, draining, SEND);
    ledger.restore(saved);
    expect((await mine.read(SHOP)).open).toEqual(sending);
    expect(losses).toMatchObject([{ heldUntilMs: 0, spentBoots: 2, ended: [] }]);
    expect(await ledger.advance(draining, SEND)).toEqual({ ok: false, why: 'overtaken' });
  });

  it('is written back again if it loses that too, before anything is answered', async () => {
    const draining = await moved(mine, await claimed(mine), DRAIN);
    const saved = ledger.save();
    const sending = await moved(mine, draining, SEND);
    ledger.restore(saved);
    const { writeBack } = ledger;
    ledger.writeBack = async (...args) => {
      ledger.writeBack = writeBack;
      await ledger.writeBack(...args);
      ledger.restore(saved);
    };
    expect((await mine.read(SHOP)).open).toEqual(sending);
    expect(losses).toHaveLength(2);
  });

  it('answers nothing while it loses whatever is written back', async () => {
    const draining = await moved(mine, await claimed(mine), DRAIN);
    const saved = ledger.save();
    const sending = await moved(mine, draining, SEND);
    ledger.restore(saved);
    const { writeBack } = ledger;
    ledger.writeBack = async () => {};
    await expect(mine.read(SHOP)).rejects.toThrow(LedgerUnavailable);
    ledger.writeBack = writeBack;
    expect((await mine.read(SHOP)).open).toEqual(sending);
  });

  it.each(['unconfirmed', 'refused'] as const)(
    'closes again, as %s, what was closed, without another end',
    async (outcome) => {
      const draining = await moved(mine, await claimed(mine), DRAIN);
      const before = ledger.save();
      const sending = await moved(mine, draining, SEND);
      const during = ledger.save();
      await moved(mine, sending, closed(outcome));
      for (const saved of [before, during]) {
        ledger.restore(saved);
        clock.pass(1);
        expect(await mine.read(SHOP)).toMatchObject({ open: null, history: [{ attemptId: sending.id, outcome }] });
      }
      expect(losses).toMatchObject([{ ended: [] }, { ended: [] }]);
    },
  );

  it('goes on with an attempt that another actuator had sent and this one had closed', async () => {
    const draining = await moved(other, await claimed(other), DRAIN);
    const saved = ledger.save();
    const sending = await moved(other, draining, SEND);
    await mine.read(SHOP);
    await moved(mine, sending, { to: 'closed', outcome: 'restarted', evidence: '' });
    ledger.restore(saved);
    clock.pass(1);
    for (let time = 0; time < 2; time += 1) expect((await mine.read(SHOP)).open?.phase).toBe('draining');
    expect(losses).toHaveLength(1);
  });

  it('keeps cooldown and budget of what this one sent', async () => {
    const saved = ledger.save();
    const sentAtMs = clock.now();
    await moved(mine, await sent(mine), closed('unconfirmed'));
    ledger.restore(saved);
    expect(await mine.read(SHOP)).toMatchObject({ sentLastHour: 1, cooldownUntilMs: sentAtMs + POLICY.cooldownMs });
    await mine.read(SHOP);
    expect((await ledger.read(SHOP)).sentLastHour).toBe(1);
    expect(losses).toHaveLength(1);
  });

  it('keeps cooldown and budget of what another one sent, as far as this one has read it', async () => {
    const saved = ledger.save();
    const sentAtMs = clock.now();
    const first = await sent(other);
    await mine.read(SHOP);
    ledger.restore(saved);
    clock.pass(1);
    expect(await mine.read(SHOP)).toMatchObject({ sentLastHour: 1, cooldownUntilMs: sentAtMs + POLICY.cooldownMs });
    await moved(mine, first, closed('unconfirmed'));
    clock.pass(POLICY.cooldownMs);
    await sent(mine, 'boot-2');
    ledger.restore(saved);
    expect((await mine.read(SHOP)).sentLastHour).toBe(2);
  });

  it('keeps cooldown and budget of what another one sent and this one closed', async () => {
    const saved = ledger.save();
    const attempt = await sent(other);
    await mine.read(SHOP);
    await moved(mine, attempt, closed('unconfirmed'));
    ledger.restore(saved);
    const { sentLastHour, cooldownUntilMs, nowMs } = await mine.read(SHOP);
    expect({ sentLastHour, cooldownMs: cooldownUntilMs - nowMs }).toEqual({ sentLastHour: 1, cooldownMs: 60_000 });
  });

  it('says which attempts it has lost before anything was sent, and no others', async () => {
    const kept = await mine.claim(aClaim({ target: MAIL }));
    const saved = ledger.save();
    const lost = await claimed(mine);
    ledger.restore(saved);
    clock.pass(1);
    expect(await mine.open()).toHaveLength(1);
    expect(losses).toMatchObject([{ heldUntilMs: 0, ended: [{ id: lost.id }] }]);
    await mine.read(SHOP);
    expect((await mine.read(MAIL)).open?.id).toBe(kept.ok && kept.attempt.id);
    expect(losses).toHaveLength(1);
  });

  it('ends no attempt that it still has when it has lost another', async () => {
    await mine.claim(aClaim({ target: MAIL }));
    const saved = ledger.save();
    await sent(mine);
    ledger.restore(saved);
    await mine.read(SHOP);
    expect(losses).toMatchObject([{ ended: [] }]);
    expect(await mine.open()).toHaveLength(2);
  });

  it('goes on from the phase that it has', async () => {
    const attempt = await claimed(mine);
    const saved = ledger.save();
    await moved(mine, attempt, DRAIN);
    ledger.restore(saved);
    clock.pass(1);
    expect((await mine.read(SHOP)).open?.phase).toBe('claimed');
    expect(losses).toMatchObject([{ ended: [] }]);
    await mine.read(SHOP);
    expect(losses).toHaveLength(1);
    await moved(mine, attempt, DRAIN);
  });

  it('stops before its drain a claim that came between the loss and the write-back of the cooldown', async () => {
    const saved = ledger.save();
    await moved(mine, await sent(mine), closed('unconfirmed'));
    ledger.restore(saved);
    const second = await ledger.claim(aClaim({ bootId: 'boot-2' }));
    if (!second.ok) throw new Error(second.why);
    await mine.read(SHOP);
    const drain: Move = { to: 'draining', platformDynoId: 'platform-boot-2', deadlineInMs: 90_000 };
    expect(await mine.advance(second.attempt, drain)).toEqual({ ok: false, why: 'cooldown' });
  });

  it('is not mistaken for one whose answer came late', async () => {
    const attempt = await claimed(mine);
    const early = lateRead();
    clock.pass(1);
    const draining = await moved(mine, attempt, DRAIN);
    const beforeSending = lateRead();
    clock.pass(1);
    await moved(mine, draining, SEND);
    await early();
    await beforeSending();
    expect((await mine.read(SHOP)).open?.phase).toBe('sending');
    expect(losses).toEqual([]);
  });

  it('is noticed although the clock of the new master is behind', async () => {
    const draining = await moved(mine, await claimed(mine), DRAIN);
    const saved = ledger.save();
    clock.pass(60_000);
    const sending = await moved(mine, draining, SEND);
    await moved(mine, sending, closed('refused'));
    ledger.restore(saved);
    clock.pass(-60_000);
    expect(await mine.read(SHOP)).toMatchObject({ open: null, history: [{ attemptId: sending.id }] });
    expect(losses).toHaveLength(1);
  });

  it('does not close, by the refusal of its own restart, an attempt that another actuator has sent since', async () => {
    const draining = await moved(mine, await claimed(mine), DRAIN);
    const saved = ledger.save();
    await moved(mine, await moved(mine, draining, SEND), closed('refused'));
    ledger.restore(saved);
    clock.pass(1);
    await ledger.advance(draining, SEND);
    const { open } = await ledger.read(SHOP);
    for (let time = 0; time < 2; time += 1) expect((await mine.read(SHOP)).open).toEqual(open);
    expect(open?.phase).toBe('sending');
  });

  it('does not take the refusal of what another actuator sent for that of its own restart', async () => {
    const draining = await moved(mine, await claimed(mine), DRAIN);
    const saved = ledger.save();
    await moved(mine, draining, SEND);
    ledger.restore(saved);
    clock.pass(1);
    await moved(other, await moved(other, draining, SEND), closed('refused'));
    await mine.read(SHOP);
    expect(await spent()).toEqual(['boot-1', 'platform-boot-1']);
  });

  it('closes again an attempt that the platform refused, although another one was sent after it', async () => {
    const draining = await moved(mine, await claimed(mine), DRAIN);
    const saved = ledger.save();
    const first = await moved(mine, draining, SEND);
    await moved(mine, first, closed('refused'));
    clock.pass(POLICY.cooldownMs);
    await moved(mine, await sent(mine, 'boot-2'), closed('unconfirmed'));
    ledger.restore(saved);
    expect(await mine.read(SHOP)).toMatchObject({ open: null, history: [{ attemptId: first.id, outcome: 'refused' }] });
    expect(await ledger.advance(draining, SEND)).toEqual({ ok: false, why: 'overtaken' });
  });

  it('is not mistaken for one that no longer shows, or has forgotten, a boot spent long ago', async () => {
    await moved(mine, await sent(mine), closed('unconfirmed'));
    const { nowMs } = await mine.read(SHOP);
    const read = ledger.read.bind(ledger);
    ledger.read = async (target) => ({ ...(await read(target)), spentBootIds: [], spentShownAfterMs: nowMs });
    await mine.read(SHOP);
    ledger.read = async (target) => ({ ...(await read(target)), spentBootIds: [], spentShownAfterMs: 0 });
    clock.pass(30 * 24 * 3_600_000);
    await mine.read(SHOP);
    expect(losses).toEqual([]);
  });

  it('is not mistaken for one in which another actuator closed the attempt', async () => {
    const attempt = await claimed(mine);
    clock.pass(1);
    await moved(other, attempt, { to: 'closed', outcome: 'abandoned', evidence: '' });
    clock.pass(1);
    expect(await mine.open()).toEqual([]);
    expect(losses).toEqual([]);
  });
});

describe('a boot that the platform refused to restart', () => {
  it('is free after a loss too', async () => {
    await moved(mine, await sent(mine), closed('refused'));
    await mine.read(SHOP);
    ledger.empty();
    await mine.read(SHOP);
    expect(await spent()).toEqual([]);
  });

  it('is free even if the answer to the close was lost', async () => {
    await ledger.advance(await sent(mine), closed('refused'));
    await mine.read(SHOP);
    ledger.empty();
    await mine.read(SHOP);
    expect(await spent()).toEqual([]);
  });
});

it('remembers nothing of targets without restarts and pauses', async () => {
  for (let number = 0; number < 10; number += 1) await mine.read({ app: `app-${number}`, processType: 'worker' });
  ledger.empty();
  await mine.read(SHOP);
  expect(losses).toMatchObject([{ targets: [SHOP], spentBoots: 0 }]);
});
