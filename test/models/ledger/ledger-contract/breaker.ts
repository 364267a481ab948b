import { describe, expect, it } from 'vitest';
import { BREAKER_CASES } from '../rule-cases.ts';
import { HOUR, type LedgerSession, MINUTE, SHOP } from './ledger-session.ts';

export function describeBreaker(session: LedgerSession): void {
  describe('the breaker of a target', () => {
    it('opens the breaker after two restarts in a row that gave nothing back, late reports included', async () => {
      const first = await session.attempted('a', 'restarted');
      const second = await session.attempted('b', 'restarted');
      await session.ledger.recordReclaimed(SHOP, second.id, -5);
      expect((await session.ledger.read(SHOP)).breakerOpenUntilMs).toBe(0);
      await session.ledger.recordReclaimed(SHOP, first.id, 1);
      await session.ledger.recordReclaimed(SHOP, first.id, 300 * 1024 ** 2);
      const view = await session.ledger.read(SHOP);
      expect(view.breakerOpenUntilMs).toBeGreaterThan(view.nowMs);
      expect(view.breakerReason).toContain('gave nothing back');
      expect(view.history.map((entry) => entry.reclaimedBytes)).toEqual([-5, 1]);
      expect(await session.refusal({ bootId: 'c' })).toBe('breaker-open');
    });

    it('counts a restart as useless if memory soon came back, and remembers it beyond the open breaker', async () => {
      const first = await session.attempted('a', 'restarted');
      await session.ledger.recordReclaimed(SHOP, first.id, 300 * 1024 ** 2);
      await session.ledger.recordBackSoon(SHOP, first.id, 20 * MINUTE);
      await session.ledger.recordBackSoon(SHOP, first.id, 30 * MINUTE);
      expect(await session.ledger.read(SHOP)).toMatchObject({ uselessRestarts: 1, breakerOpenUntilMs: 0 });
      const second = await session.attempted('b', 'restarted');
      await session.ledger.recordBackSoon(SHOP, second.id, 25 * MINUTE);
      const view = await session.ledger.read(SHOP);
      expect(view.history.map((entry) => entry.backAfterMs)).toEqual([25 * MINUTE, 20 * MINUTE]);
      expect(view.uselessRestarts).toBe(2);
      expect(await session.refusal({ bootId: 'c' })).toBe('breaker-open');
      session.pass(24 * HOUR);
      expect(await session.ledger.read(SHOP)).toMatchObject({ uselessRestarts: 2, breakerOpenUntilMs: 0 });
      await session.ledger.resume(SHOP);
      expect((await session.ledger.read(SHOP)).uselessRestarts).toBe(0);
    });

    it.each(BREAKER_CASES)('opens its breaker by the rule: when %s', async (_, closed, reason) => {
      const ids: string[] = [];
      for (const [index, { outcome, notTheTargets, usageBytes }] of closed.entries()) {
        // A person's attempts: they go on where the breaker opens before the last of them.
        const attempt = await session.claimed({ bootId: `boot-${index}`, by: 'person', usageBytes });
        ids.push((await session.close(await session.sending(attempt, attempt.bootId), outcome, notTheTargets)).id);
      }
      for (const [index, { reclaimedBytes, backAfterMs }] of closed.entries()) {
        if (reclaimedBytes !== null) await session.ledger.recordReclaimed(SHOP, ids[index] ?? '', reclaimedBytes);
        if (backAfterMs !== null) await session.ledger.recordBackSoon(SHOP, ids[index] ?? '', backAfterMs);
      }
      expect((await session.ledger.read(SHOP)).breakerReason).toBe(reason);
    });

    it('does not count a restart that freed memory, or one before it', async () => {
      for (const [bootId, reclaimed] of [
        ['a', 0],
        ['b', 200 * 1024 ** 2],
        ['c', 0],
      ] as const) {
        const { id } = await session.attempted(bootId, 'restarted');
        await session.ledger.recordReclaimed(SHOP, id, reclaimed);
      }
      expect((await session.ledger.read(SHOP)).breakerOpenUntilMs).toBe(0);
    });

    it('opens the breaker after three failed attempts in a row, and stops one that was about to be sent', async () => {
      await session.attempted('a', 'unconfirmed');
      await session.attempted('b', 'refused', true);
      await session.attempted('c', 'refused');
      await session.attempted('d', 'already-gone');
      expect((await session.ledger.read(SHOP)).breakerOpenUntilMs).toBe(0);
      session.pass(HOUR);
      await session.attempted('e', 'unconfirmed');
      expect((await session.ledger.read(SHOP)).breakerReason).toContain('never confirmed');
      expect(await session.refusal({ bootId: 'x' })).toBe('breaker-open');
    });
  });
}
