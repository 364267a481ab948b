import { describe, expect, it } from 'vitest';
import type { Move } from '../../../../src/attempt/attempt.ts';
import type { KnownRecord } from '../../../../src/ports.ts';
import { HOUR, type LedgerSession, MINUTE, POLICY, SHOP } from './ledger-session.ts';

const NOTHING_KNOWN: KnownRecord = {
  spentBootIds: [],
  sending: null,
  sentAttempts: [],
  sentAtMs: [],
  pausedBy: { all: false, target: false },
  pauser: null,
  cooldownUntilMs: 0,
  breakerOpenUntilMs: 0,
  breakerReason: null,
};

export function describeLosses(session: LedgerSession): void {
  describe('a ledger that lost everything', () => {
    it('counts the restarts that the platform still shows, once, after it lost its own', async () => {
      const { nowMs } = await session.ledger.read(SHOP);
      await session.ledger.rebuild(SHOP, [nowMs - 5 * MINUTE, nowMs - 30 * MINUTE]);
      await session.ledger.rebuild(SHOP, [nowMs]);
      const view = await session.ledger.read(SHOP);
      expect(view.sentLastHour).toBe(2);
      expect(view.cooldownUntilMs).toBe(nowMs + 10 * MINUTE);
      expect(await session.refusal()).toBe('cooldown');
      session.pass(HOUR);
      expect((await session.ledger.read(SHOP)).sentLastHour).toBe(0);
      await session.empty();
      await session.ledger.rebuild(SHOP, [nowMs + HOUR]);
      expect((await session.ledger.read(SHOP)).sentLastHour).toBe(1);
    });

    it('rebuilds nothing if it has restarts of its own, or if there were none', async () => {
      await session.ledger.rebuild(SHOP, []);
      const { nowMs } = await session.ledger.read(SHOP);
      await session.ledger.rebuild(SHOP, [nowMs]);
      expect((await session.ledger.read(SHOP)).sentLastHour).toBe(0);
      const other = { app: 'shop', processType: 'mailer' };
      await session.close(await session.sending(await session.claimed({ target: other })), 'restarted');
      const before = await session.ledger.read(other);
      await session.ledger.rebuild(other, [nowMs, nowMs]);
      expect(await session.ledger.read(other)).toMatchObject({
        sentLastHour: 1,
        cooldownUntilMs: before.cooldownUntilMs,
      });
    });

    it('holds everything after it lost everything, and overtakes who was on the way', async () => {
      const drained = await session.draining(await session.claimed());
      await session.empty();
      const send: Move = { to: 'sending', platformDynoId: 'boot-1', deadlineInMs: 90_000 };
      expect(await session.ledger.advance(drained, send)).toEqual({ ok: false, why: 'overtaken' });
      expect(await session.refusal()).toBe('ledger-hold');
      expect((await session.ledger.read(SHOP)).heldUntilMs).toBeGreaterThan(0);
      session.pass(POLICY.holdMs);
      await session.claimed();
      expect((await session.ledger.read(SHOP)).heldUntilMs).toBe(0);
    });

    it('takes back what was known of it before it lost everything, any number of times', async () => {
      const attempt = await session.sending(await session.claimed());
      const { cooldownUntilMs, nowMs } = await session.ledger.read(SHOP);
      await session.empty();
      const known: KnownRecord = {
        spentBootIds: ['boot-1', 'platform-1'],
        sending: attempt,
        sentAttempts: [],
        sentAtMs: [],
        pausedBy: { all: true, target: true },
        pauser: 'ana',
        cooldownUntilMs: nowMs + 40 * MINUTE,
        breakerOpenUntilMs: nowMs + 30 * MINUTE,
        breakerReason: 'it did not help',
      };
      for (let time = 0; time < 2; time += 1) await session.ledger.writeBack(SHOP, known);
      const view = await session.ledger.read(SHOP);
      expect(view).toMatchObject({
        open: attempt,
        pausedBy: { all: true, target: true },
        pauser: 'ana',
        cooldownUntilMs: nowMs + 40 * MINUTE,
        breakerOpenUntilMs: nowMs + 30 * MINUTE,
        breakerReason: 'it did not help',
        history: [],
      });
      expect(cooldownUntilMs).toBe(0);
      expect([...view.spentBootIds].sort()).toEqual(['boot-1', 'platform-1']);
      expect(await session.ledger.open()).toEqual([attempt]);
      await session.close(attempt, 'refused');
      // Which of the two had been spent before is not known any more.
      expect([...(await session.ledger.read(SHOP)).spentBootIds].sort()).toEqual(['boot-1', 'platform-1']);
      await session.ledger.writeBack(SHOP, known);
      expect(await session.ledger.open()).toEqual([]);
    });

    it('keeps what it has heard since it lost everything', async () => {
      const { nowMs } = await session.ledger.read(SHOP);
      await session.empty();
      await session.ledger.read(SHOP);
      session.pass(POLICY.holdMs);
      await session.ledger.resume(null);
      await session.ledger.resume(SHOP);
      const attempt = await session.claimed({ bootId: 'boot-2' });
      await session.ledger.writeBack(SHOP, {
        spentBootIds: [],
        sending: { ...attempt, id: 'older', phase: 'sending' },
        sentAttempts: [],
        sentAtMs: [],
        pausedBy: { all: true, target: true },
        pauser: null,
        cooldownUntilMs: nowMs - 1,
        breakerOpenUntilMs: nowMs + HOUR,
        breakerReason: 'it did not help',
      });
      const untouched = { open: attempt, paused: false, cooldownUntilMs: 0, breakerOpenUntilMs: 0 };
      expect(await session.ledger.read(SHOP)).toMatchObject(untouched);
    });

    it('takes an attempt that was sent in place of the same one before, and counts its restart once', async () => {
      const draining = await session.draining(await session.claimed());
      const { nowMs } = await session.ledger.read(SHOP);
      const sent = { ...draining, phase: 'sending', epoch: draining.epoch + 1, sendingAtMs: nowMs - MINUTE } as const;
      const known: KnownRecord = {
        ...NOTHING_KNOWN,
        spentBootIds: ['boot-1', 'platform-1'],
        sentAttempts: [sent],
        sentAtMs: [nowMs - 2 * HOUR, nowMs - MINUTE],
      };
      for (let time = 0; time < 2; time += 1) await session.ledger.writeBack(SHOP, known);
      expect(await session.ledger.read(SHOP)).toMatchObject({
        open: sent,
        sentLastHour: 1,
        cooldownUntilMs: nowMs - MINUTE + POLICY.cooldownMs,
      });
      await session.close(sent, 'restarted');
      await session.ledger.writeBack(SHOP, known);
      expect(await session.ledger.open()).toEqual([]);
    });

    it.each([
      ['cooldown', (nowMs: number) => [nowMs - MINUTE]],
      ['budget', (nowMs: number) => Array.from({ length: 9 }, (_, index) => nowMs - (59 - index) * MINUTE)],
    ] as const)('stops an attempt whose claim did not know of the %s', async (why, sentAtMs) => {
      const attempt = await session.claimed();
      const { nowMs } = await session.ledger.read(SHOP);
      await session.ledger.writeBack(SHOP, { ...NOTHING_KNOWN, sentAtMs: sentAtMs(nowMs) });
      const drain: Move = { to: 'draining', platformDynoId: 'boot-1', deadlineInMs: 90_000 };
      expect(await session.ledger.advance(attempt, drain)).toEqual({ ok: false, why });
      await session.close(attempt, 'abandoned');
    });

    it('leaves to `rebuild` the count of restarts after it lost everything', async () => {
      const { nowMs } = await session.ledger.read(SHOP);
      await session.empty();
      const sentAtMs = [nowMs - MINUTE];
      await session.ledger.writeBack(SHOP, { ...NOTHING_KNOWN, sentAtMs });
      expect(await session.ledger.read(SHOP)).toMatchObject({
        sentLastHour: 0,
        cooldownUntilMs: nowMs - MINUTE + POLICY.cooldownMs,
      });
    });

    it('shows another epoch after it lost everything, and the same one until then', async () => {
      const { epochMs } = await session.ledger.read(SHOP);
      session.pass(HOUR);
      expect((await session.ledger.read(SHOP)).epochMs).toBe(epochMs);
      await session.empty();
      session.pass(HOUR);
      expect((await session.ledger.read(SHOP)).epochMs).toBeGreaterThan(epochMs);
    });

    it('sends nothing while it is held, whoever brought the attempt back', async () => {
      const drained = await session.draining(await session.claimed());
      await session.empty();
      await session.ledger.writeBack(SHOP, {
        ...NOTHING_KNOWN,
        sending: drained,
      });
      const send: Move = { to: 'sending', platformDynoId: 'boot-1', deadlineInMs: 90_000 };
      expect(await session.ledger.advance(drained, send)).toEqual({ ok: false, why: 'ledger-hold' });
      await session.close(drained, 'abandoned');
    });
  });
}
