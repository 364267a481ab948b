import { describe, expect, it } from 'vitest';
import type { Attempt, Move, Outcome } from '../../../../src/attempt/attempt.ts';
import type { Ledger } from '../../../../src/ports.ts';
import { aClaim } from '../../a-claim.ts';
import { HOUR, type LedgerSession, MINUTE, SHOP } from './ledger-session.ts';

export function describeMoves(session: LedgerSession): void {
  describe('an attempt in the ledger', () => {
    it('writes a claim as it was asked for, and shows it to everybody', async () => {
      const attempt = await session.claimed();
      expect(attempt).toMatchObject({ ...aClaim(), phase: 'claimed', epoch: 0, platformDynoId: null, outcome: null });
      expect(attempt.deadlineMs - attempt.claimedAtMs).toBe(MINUTE);
      expect(await session.ledger.open()).toEqual([attempt]);
      expect((await session.ledger.read(SHOP)).open).toEqual(attempt);
    });

    it('keeps what was known of the boot, and when it was drained, to the end', async () => {
      const suspect = { queue: 'q', name: 'import', netBytes: 300.5, runs: 4, known: 'exclusive' } as const;
      const notes = { expectedBytes: 300, activeJobs: 2, suspects: [suspect] };
      const attempt = await session.claimed({ notes });
      expect(attempt).toMatchObject({ notes, drainingAtMs: null });
      session.pass(5 * MINUTE);
      const drained = await session.draining(attempt);
      expect((drained.drainingAtMs ?? 0) - attempt.claimedAtMs).toBeGreaterThanOrEqual(5 * MINUTE);
      session.pass(MINUTE);
      const sent = await session.moved(drained, { to: 'sending', platformDynoId: 'boot-1', deadlineInMs: 90_000 });
      const closed = await session.close(sent, 'restarted');
      expect(closed).toMatchObject({ notes, drainingAtMs: drained.drainingAtMs });
      expect((await session.ledger.read(SHOP)).history).toMatchObject([{ expectedBytes: 300 }]);
    });

    it('keeps from sending on what the memory was made of, to the end', async () => {
      const drained = await session.draining(await session.claimed());
      expect(drained.memoryReport ?? null).toBeNull();
      const site = { functionName: 'wächst "so"', place: 'src/a.js:1:1', caller: null, bytes: 4e9 };
      const memory = { rssBytes: 2 ** 40, heapUsedBytes: 1, heapTotalBytes: 2, externalBytes: 3, arrayBufferBytes: 0 };
      const sampled = { ...memory, processId: 'a', spaces: [{ name: 'old_space', usedBytes: 1 }], notSampled: null };
      const memoryReport = [
        { ...sampled, sampled: { forMs: 1, bytes: 4e9, sites: [site] } },
        { ...sampled, processId: 'b', sampled: { forMs: 1, bytes: 0, sites: [] } },
        { ...memory, processId: 'c', spaces: [], sampled: null, notSampled: 'not-asked' as const },
      ];
      const move = { to: 'sending', platformDynoId: 'boot-1', deadlineInMs: 90_000, memoryReport } as const;
      const sent = await session.moved(drained, move);
      expect(sent.memoryReport).toEqual(memoryReport);
      expect((await session.close(sent, 'restarted')).memoryReport).toEqual(memoryReport);
    });

    it('needs nothing to be known of the boot', async () => {
      const attempt = await session.claimed();
      expect(attempt.notes).toBeNull();
      await session.close(attempt, 'abandoned');
      expect((await session.ledger.read(SHOP)).history).toMatchObject([{ expectedBytes: null }]);
    });

    it('lets one attempt of a target be open, whatever the dyno and whoever asks', async () => {
      await session.claimed();
      expect(await session.refusal({ dyno: 'worker.2', bootId: 'boot-2' })).toBe('attempt-open');
      expect(await session.refusal({ by: 'person', bootId: 'boot-2' })).toBe('attempt-open');
      await session.claimed({ target: { app: 'shop', processType: 'mailer' } });
      expect(await session.ledger.open()).toHaveLength(2);
    });

    it('moves an attempt only for a caller that knows its phase', async () => {
      const first = await session.claimed();
      const second = await session.draining(first);
      const again = await session.ledger.advance(first, { to: 'draining', platformDynoId: 'boot-1', deadlineInMs: 1 });
      expect(again).toEqual({ ok: false, why: 'overtaken' });
      const stranger = { ...second, id: 'another' };
      const close: Move = { to: 'closed', outcome: 'abandoned', evidence: '' };
      expect(await session.ledger.advance(stranger, close)).toEqual({ ok: false, why: 'overtaken' });
      expect(await session.ledger.advance({ ...second, epoch: 7 }, close)).toEqual({ ok: false, why: 'overtaken' });
      expect(await session.ledger.open()).toEqual([second]);
    });

    it.each<[Attempt['phase'], Move]>([
      ['claimed', { to: 'sending', platformDynoId: 'boot-1', deadlineInMs: 1 }],
      ['claimed', { to: 'closed', outcome: 'restarted', evidence: '' }],
      ['claimed', { to: 'closed', outcome: 'dry-run', evidence: '' }],
      ['sending', { to: 'sending', platformDynoId: 'boot-1', deadlineInMs: 1 }],
      ['sending', { to: 'closed', outcome: 'drain-timeout', evidence: '' }],
    ])('takes a move that the protocol does not know for a fault: %s %o', async (phase, move) => {
      const attempt = phase === 'claimed' ? await session.claimed() : await session.sending(await session.claimed());
      await expect(session.ledger.advance(attempt, move)).rejects.toThrow('cannot be moved');
    });

    it('spends the boot at sending, by both of its ids', async () => {
      const drained = await session.draining(await session.claimed({ bootId: 'metrics-1' }), 'platform-1');
      expect((await session.ledger.read(SHOP)).spentBootIds).toEqual([]);
      const sent = await session.moved(drained, { to: 'sending', platformDynoId: 'platform-1', deadlineInMs: 90_000 });
      expect(sent.sendingAtMs).not.toBeNull();
      await session.close(sent, 'unconfirmed');
      session.pass(20 * MINUTE);
      expect([...(await session.ledger.read(SHOP)).spentBootIds].sort()).toEqual(['metrics-1', 'platform-1']);
      expect(await session.refusal({ bootId: 'metrics-1' })).toBe('boot-spent');
      expect(await session.refusal({ bootId: 'platform-1' })).toBe('boot-spent');
      const disguised = await session.claimed({ bootId: 'metrics-of-the-same' });
      const drain: Move = { to: 'draining', platformDynoId: 'platform-1', deadlineInMs: MINUTE };
      expect(await session.ledger.advance(disguised, drain)).toEqual({ ok: false, why: 'boot-spent' });
      await session.close(disguised, 'abandoned');
      session.pass(20 * MINUTE);
      expect(await session.refusal({ bootId: 'metrics-of-the-same' })).toBe('boot-spent');
    });

    it('keeps a boot spent for which nothing was sent, and counts it neither as failed nor as good', async () => {
      for (const id of ['a', 'b']) await session.attempted(id, 'unconfirmed');
      for (const id of ['c', 'd', 'e']) await session.attempted(id, 'abandoned');
      expect(await session.refusal({ bootId: 'c' })).toBe('boot-spent');
      expect((await session.ledger.read(SHOP)).breakerOpenUntilMs).toBe(0);
      session.pass(HOUR);
      await session.attempted('f', 'unconfirmed');
      expect((await session.ledger.read(SHOP)).breakerReason).toContain('never confirmed');
    });

    it.each<[string, (attempt: Attempt) => Promise<Attempt>, Outcome, boolean]>([
      ['abandoned before its drain', async (attempt) => attempt, 'abandoned', false],
      ['abandoned during its drain', (attempt) => session.draining(attempt), 'abandoned', true],
      ['closed by the end of its grace', (attempt) => session.draining(attempt), 'drain-timeout', true],
      ['abandoned after sending', (attempt) => session.sending(attempt), 'abandoned', true],
      ['unconfirmed', (attempt) => session.sending(attempt), 'unconfirmed', true],
    ])('starts the cooldown of the target or not: %s', async (_, proceed, outcome, isStarted) => {
      await session.close(await proceed(await session.claimed()), outcome);
      expect((await session.ledger.read(SHOP)).cooldownUntilMs > 0).toBe(isStarted);
      expect(await session.refusal({ bootId: 'boot-2' })).toBe(isStarted ? 'cooldown' : 'granted');
    });

    it('does not send long after the end of the drain', async () => {
      const drained = await session.draining(await session.claimed());
      session.pass(3 * MINUTE + 1000);
      const send: Move = { to: 'sending', platformDynoId: 'boot-1', deadlineInMs: 90_000 };
      expect(await session.ledger.advance(drained, send)).toEqual({ ok: false, why: 'overtaken' });
      await session.close(drained, 'abandoned');
    });

    it.each<[string, (ledger: Ledger) => Promise<void> | void]>([
      ['at a new release', (ledger) => ledger.noteRelease(SHOP, 43)],
      ["at a person's resume", (ledger) => ledger.resume(SHOP)],
      ['when all are resumed', (ledger) => ledger.resume(null)],
      ['after a day', () => session.pass(24 * HOUR)],
    ])('closes the breaker %s, and forgets what opened it', async (_, act) => {
      await session.ledger.noteRelease(SHOP, 42);
      for (const id of ['a', 'b', 'c']) await session.attempted(id, 'unconfirmed');
      await session.ledger.noteRelease(SHOP, 42);
      expect(await session.refusal({ bootId: 'd' })).toBe('breaker-open');
      await act(session.ledger);
      session.pass(HOUR);
      await session.attempted('d', 'unconfirmed');
      await session.attempted('e', 'unconfirmed');
      expect((await session.ledger.read(SHOP)).breakerOpenUntilMs).toBe(0);
      await session.attempted('f', 'unconfirmed');
      expect((await session.ledger.read(SHOP)).breakerOpenUntilMs).not.toBe(0);
    });

    it('lets exactly one of many simultaneous claims through', async () => {
      const answers = await Promise.all(
        Array.from({ length: 50 }, (_, index) => session.ledger.claim(aClaim({ bootId: `boot-${index}` }))),
      );
      expect(answers.filter((answer) => answer.ok)).toHaveLength(1);
    });
  });
}
