import { describe, expect, it } from 'vitest';
import type { Move } from '../../../../src/attempt/attempt.ts';
import { type LedgerSession, MINUTE, POLICY, SHOP } from './ledger-session.ts';

export function describeLimits(session: LedgerSession): void {
  describe('cooldown, budget and pause', () => {
    it('frees a refused boot after the cooldown, but not one that was spent before', async () => {
      await session.close(await session.sending(await session.claimed()), 'refused');
      expect(await session.refusal()).toBe('cooldown');
      session.pass(20 * MINUTE);
      await session.close(await session.sending(await session.claimed()), 'unconfirmed');
      session.pass(20 * MINUTE);
      expect(await session.refusal()).toBe('boot-spent');
      await session.close(await session.sending(await session.claimed({ by: 'person' })), 'refused', true);
      session.pass(20 * MINUTE);
      expect(await session.refusal()).toBe('boot-spent');
    });

    it('starts no cooldown of dry attempts by one that was abandoned', async () => {
      await session.close(await session.claimed({ dryRun: true }), 'abandoned');
      expect(await session.ledger.read(SHOP)).toMatchObject({ dryCooldownUntilMs: 0, cooldownUntilMs: 0 });
      expect((await session.ledger.read(SHOP)).dryHistory).toMatchObject([{ outcome: 'abandoned' }]);
    });

    it('counts the cooldown from sending, and from the close when nothing was sent', async () => {
      const sent = await session.sending(await session.claimed());
      session.pass(MINUTE);
      await session.close(sent, 'restarted');
      expect((await session.ledger.read(SHOP)).cooldownUntilMs).toBe((sent.sendingAtMs ?? 0) + POLICY.cooldownMs);
      expect(await session.refusal({ bootId: 'boot-2' })).toBe('cooldown');
      session.pass(14 * MINUTE);
      const abandoned = await session.close(
        await session.draining(await session.claimed({ bootId: 'boot-2' }), 'boot-2'),
        'abandoned',
      );
      expect((await session.ledger.read(SHOP)).cooldownUntilMs).toBe((abandoned.closedAtMs ?? 0) + POLICY.cooldownMs);
      expect(await session.refusal({ bootId: 'boot-2' })).toBe('cooldown');
      session.pass(15 * MINUTE);
      await session.claimed({ bootId: 'boot-2' });
    });

    it('holds the budget over the last hour', async () => {
      for (const bootId of ['a', 'b', 'c']) await session.attempted(bootId, 'restarted');
      // The first was sent just an hour ago by now: one place is free again, and then no more.
      await session.attempted('d', 'restarted');
      session.pass(-4 * MINUTE);
      expect((await session.ledger.read(SHOP)).sentLastHour).toBe(3);
      expect(await session.refusal({ bootId: 'e' })).toBe('budget');
      await session.claimed({ bootId: 'e', by: 'person' });
    });

    it("lets a person skip cooldown, budget, breaker and a spent boot, and no one's pause or hold", async () => {
      for (const id of ['a', 'b', 'c']) await session.attempted(id, 'unconfirmed');
      expect(await session.refusal({ bootId: 'x' })).toBe('breaker-open');
      await session.close(
        await session.sending(await session.claimed({ by: 'person', bootId: 'c' }), 'c'),
        'unconfirmed',
      );
      await session.ledger.pause(SHOP);
      expect(await session.refusal({ by: 'person' })).toBe('paused');
      await session.ledger.resume(SHOP);
      await session.empty();
      expect(await session.refusal({ by: 'person' })).toBe('ledger-hold');
    });

    it('is paused target by target or as a whole, and looks again before sending', async () => {
      const drained = await session.draining(await session.claimed());
      const send: Move = { to: 'sending', platformDynoId: 'boot-1', deadlineInMs: 90_000 };
      await session.ledger.pause(null);
      expect(await session.refusal({ target: { app: 'other', processType: 'worker' } })).toBe('paused');
      expect(await session.ledger.advance(drained, send)).toEqual({ ok: false, why: 'paused' });
      await session.ledger.resume(null);
      await session.ledger.pause(SHOP);
      expect(await session.ledger.advance(drained, send)).toEqual({ ok: false, why: 'paused' });
      await session.ledger.resume(null);
      expect((await session.ledger.read(SHOP)).paused).toBe(true);
      await session.ledger.resume(SHOP);
      expect((await session.ledger.advance(drained, send)).ok).toBe(true);
    });

    it('knows since when, by whom and what is paused; a second pause changes nothing', async () => {
      expect(await session.ledger.read(SHOP)).toMatchObject({
        paused: false,
        pausedBy: { all: false },
        pausedSinceMs: null,
        pauser: null,
      });
      await session.ledger.pause(SHOP, 'ana@laptop');
      const { nowMs } = await session.ledger.read(SHOP);
      session.pass(MINUTE);
      await session.ledger.pause(SHOP, 'ben');
      const byName = await session.ledger.read(SHOP);
      expect(byName).toMatchObject({ paused: true, pausedBy: { all: false }, pauser: 'ana@laptop' });
      expect(nowMs - (byName.pausedSinceMs ?? 0)).toBeLessThan(MINUTE);
      await session.ledger.pause(null, 'Zoë with a space');
      const all = { paused: true, pausedBy: { all: true }, pauser: 'Zoë with a space' };
      expect(await session.ledger.read(SHOP)).toMatchObject(all);
      expect((await session.ledger.read(SHOP)).pausedSinceMs).toBeGreaterThan(byName.pausedSinceMs ?? 0);
      await session.ledger.resume(null);
      await session.ledger.resume(SHOP);
      expect(await session.ledger.read(SHOP)).toMatchObject({
        paused: false,
        pausedBy: { all: false },
        pausedSinceMs: null,
        pauser: null,
      });
    });

    it('keeps dry attempts apart: nothing spent, a history and a cooldown of their own', async () => {
      const dry = await session.claimed({ dryRun: true });
      await session.close(dry, 'dry-run');
      const view = await session.ledger.read(SHOP);
      expect(view.history).toEqual([]);
      expect(view.dryHistory).toMatchObject([{ attemptId: dry.id, outcome: 'dry-run', sendingAtMs: null }]);
      expect(view).toMatchObject({ spentBootIds: [], cooldownUntilMs: 0, sentLastHour: 0 });
      expect(await session.refusal({ dryRun: true })).toBe('cooldown');
      await session.claimed();
    });
  });
}
