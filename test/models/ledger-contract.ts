import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { LedgerPolicy } from '../../src/adapters/redis/ledger/redis-ledger.ts';
import type { Attempt, Move, Outcome } from '../../src/attempt/attempt.ts';
import type { AdvanceAnswer, ClaimAnswer, ClaimRequest, KnownRecord, Ledger } from '../../src/ports.ts';
import { BREAKER_CASES } from './rule-cases.ts';

/** A ledger to be held to the contract, on a clock that the test moves. */
export interface LedgerUnderTest {
  readonly ledger: Ledger;
  pass(ms: number): void;
  /** As if Redis had lost everything. */
  empty(): Promise<void>;
  stop(): Promise<void>;
}

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const SHOP = { app: 'shop', processType: 'worker' };
const POLICY: LedgerPolicy = { cooldownMs: 15 * MINUTE, maxRestartsPerHour: 3, holdMs: 12 * MINUTE };

export function aClaim(changes: Partial<ClaimRequest> = {}): ClaimRequest {
  return {
    target: SHOP,
    dyno: 'worker.1',
    bootId: 'boot-1',
    bootIdSource: 'platform',
    bootStartTimeMs: 1_700_000_000_000,
    by: 'policy',
    dryRun: false,
    reason: 'sustained-over-soft-limit',
    explanation: 'The floor stands at 450 MB – 88 % of "512 MB".',
    usageBytes: 450.5 * 1024 ** 2,
    floorBytes: 440 * 1024 ** 2,
    limitBytes: null,
    ...changes,
  };
}

export function describeLedger(name: string, make: (policy: LedgerPolicy) => Promise<LedgerUnderTest>): void {
  describe(name, () => {
    let current: LedgerUnderTest;
    let ledger: Ledger;

    beforeEach(async () => {
      current = await make(POLICY);
      ledger = current.ledger;
      // The first word to a new ledger sets its epoch; then its hold is waited out.
      await ledger.read(SHOP);
      current.pass(POLICY.holdMs);
    });
    afterEach(() => current.stop());

    async function claimed(changes: Partial<ClaimRequest> = {}): Promise<Attempt> {
      return attemptOf(await ledger.claim(aClaim(changes)));
    }
    async function moved(attempt: Attempt, move: Move): Promise<Attempt> {
      return attemptOf(await ledger.advance(attempt, move));
    }
    const draining = (attempt: Attempt, id = 'boot-1') =>
      moved(attempt, { to: 'draining', platformDynoId: id, deadlineInMs: 2 * MINUTE });
    const sending = async (attempt: Attempt, id = 'boot-1') =>
      moved(await draining(attempt, id), { to: 'sending', platformDynoId: id, deadlineInMs: 90_000 });
    const close = (attempt: Attempt, outcome: Outcome, notTheTargets = false) =>
      moved(attempt, { to: 'closed', outcome, evidence: outcome, notTheTargets });
    const learn = (dyno: string, bootId: string, floorBytes: number, release: number | null = null) =>
      ledger.learnFloor(SHOP, { dyno, bootId, floorBytes, release, bytesPerJob: null, bytesPerJobError: null });
    const learnJobs = (bootId: string, bytesPerJob: number, bytesPerJobError: number) =>
      ledger.learnFloor(SHOP, { dyno: bootId, bootId, floorBytes: null, release: null, bytesPerJob, bytesPerJobError });
    const refusal = async (changes: Partial<ClaimRequest> = {}) => whyNot(await ledger.claim(aClaim(changes)));
    /** A whole attempt for a boot of its own, with the cooldown waited out after it. */
    async function attempted(bootId: string, outcome: Outcome, notTheTargets = false): Promise<Attempt> {
      const closed = await close(await sending(await claimed({ bootId }), bootId), outcome, notTheTargets);
      current.pass(20 * MINUTE);
      return closed;
    }

    it('writes a claim as it was asked for, and shows it to everybody', async () => {
      const attempt = await claimed();
      expect(attempt).toMatchObject({ ...aClaim(), phase: 'claimed', epoch: 0, platformDynoId: null, outcome: null });
      expect(attempt.deadlineMs - attempt.claimedAtMs).toBe(MINUTE);
      expect(await ledger.open()).toEqual([attempt]);
      expect((await ledger.read(SHOP)).open).toEqual(attempt);
    });

    it('counts the restarts that the platform still tells of, once, where it has lost its own', async () => {
      const { nowMs } = await ledger.read(SHOP);
      await ledger.rebuild(SHOP, [nowMs - 5 * MINUTE, nowMs - 30 * MINUTE]);
      await ledger.rebuild(SHOP, [nowMs]);
      const view = await ledger.read(SHOP);
      expect(view.sentLastHour).toBe(2);
      expect(view.cooldownUntilMs).toBe(nowMs + 10 * MINUTE);
      expect(await refusal()).toBe('cooldown');
      current.pass(HOUR);
      expect((await ledger.read(SHOP)).sentLastHour).toBe(0);
      await current.empty();
      await ledger.rebuild(SHOP, [nowMs + HOUR]);
      expect((await ledger.read(SHOP)).sentLastHour).toBe(1);
    });

    it('rebuilds nothing where it has restarts of its own, or where there were none', async () => {
      await ledger.rebuild(SHOP, []);
      const { nowMs } = await ledger.read(SHOP);
      await ledger.rebuild(SHOP, [nowMs]);
      expect((await ledger.read(SHOP)).sentLastHour).toBe(0);
      const other = { app: 'shop', processType: 'mailer' };
      await close(await sending(await claimed({ target: other })), 'restarted');
      const before = await ledger.read(other);
      await ledger.rebuild(other, [nowMs, nowMs]);
      expect(await ledger.read(other)).toMatchObject({ sentLastHour: 1, cooldownUntilMs: before.cooldownUntilMs });
    });

    it('lets one attempt of a target be open, whatever the dyno and whoever asks', async () => {
      await claimed();
      expect(await refusal({ dyno: 'worker.2', bootId: 'boot-2' })).toBe('attempt-open');
      expect(await refusal({ by: 'person', bootId: 'boot-2' })).toBe('attempt-open');
      await claimed({ target: { app: 'shop', processType: 'mailer' } });
      expect(await ledger.open()).toHaveLength(2);
    });

    it('moves an attempt only for who knows where it stands', async () => {
      const first = await claimed();
      const second = await draining(first);
      const again = await ledger.advance(first, { to: 'draining', platformDynoId: 'boot-1', deadlineInMs: 1 });
      expect(again).toEqual({ ok: false, why: 'overtaken' });
      const stranger = { ...second, id: 'another' };
      const close: Move = { to: 'closed', outcome: 'abandoned', evidence: '' };
      expect(await ledger.advance(stranger, close)).toEqual({ ok: false, why: 'overtaken' });
      expect(await ledger.advance({ ...second, epoch: 7 }, close)).toEqual({ ok: false, why: 'overtaken' });
      expect(await ledger.open()).toEqual([second]);
    });

    it.each<[Attempt['phase'], Move]>([
      ['claimed', { to: 'sending', platformDynoId: 'boot-1', deadlineInMs: 1 }],
      ['claimed', { to: 'closed', outcome: 'restarted', evidence: '' }],
      ['claimed', { to: 'closed', outcome: 'dry-run', evidence: '' }],
      ['sending', { to: 'sending', platformDynoId: 'boot-1', deadlineInMs: 1 }],
      ['sending', { to: 'closed', outcome: 'drain-timeout', evidence: '' }],
    ])('takes a move that the protocol does not know for a fault: %s %o', async (phase, move) => {
      const attempt = phase === 'claimed' ? await claimed() : await sending(await claimed());
      await expect(ledger.advance(attempt, move)).rejects.toThrow('cannot be moved');
    });

    it('spends the boot at sending, by both of its ids', async () => {
      const drained = await draining(await claimed({ bootId: 'metrics-1' }), 'platform-1');
      expect((await ledger.read(SHOP)).spentBootIds).toEqual([]);
      const sent = await moved(drained, { to: 'sending', platformDynoId: 'platform-1', deadlineInMs: 90_000 });
      expect(sent.sendingAtMs).not.toBeNull();
      await close(sent, 'unconfirmed');
      current.pass(20 * MINUTE);
      expect([...(await ledger.read(SHOP)).spentBootIds].sort()).toEqual(['metrics-1', 'platform-1']);
      expect(await refusal({ bootId: 'metrics-1' })).toBe('boot-spent');
      expect(await refusal({ bootId: 'platform-1' })).toBe('boot-spent');
      const disguised = await claimed({ bootId: 'metrics-of-the-same' });
      const drain: Move = { to: 'draining', platformDynoId: 'platform-1', deadlineInMs: MINUTE };
      expect(await ledger.advance(disguised, drain)).toEqual({ ok: false, why: 'boot-spent' });
      await close(disguised, 'abandoned');
      current.pass(20 * MINUTE);
      expect(await refusal({ bootId: 'metrics-of-the-same' })).toBe('boot-spent');
    });

    it('frees a refused boot after the cooldown, but not one that was spent before', async () => {
      await close(await sending(await claimed()), 'refused');
      expect(await refusal()).toBe('cooldown');
      current.pass(20 * MINUTE);
      await close(await sending(await claimed()), 'unconfirmed');
      current.pass(20 * MINUTE);
      expect(await refusal()).toBe('boot-spent');
      await close(await sending(await claimed({ by: 'person' })), 'refused', true);
      current.pass(20 * MINUTE);
      expect(await refusal()).toBe('boot-spent');
    });

    it('keeps the boot spent of which nothing was sent after all, and counts it neither as failed nor as good', async () => {
      for (const id of ['a', 'b']) await attempted(id, 'unconfirmed');
      for (const id of ['c', 'd', 'e']) await attempted(id, 'abandoned');
      expect(await refusal({ bootId: 'c' })).toBe('boot-spent');
      expect((await ledger.read(SHOP)).breakerOpenUntilMs).toBe(0);
      current.pass(HOUR);
      await attempted('f', 'unconfirmed');
      expect((await ledger.read(SHOP)).breakerReason).toContain('never confirmed');
    });

    it.each<[string, (attempt: Attempt) => Promise<Attempt>, Outcome, boolean]>([
      ['abandoned before its drain', async (attempt) => attempt, 'abandoned', false],
      ['abandoned during its drain', (attempt) => draining(attempt), 'abandoned', true],
      ['closed by the end of its grace', (attempt) => draining(attempt), 'drain-timeout', true],
      ['abandoned after sending', (attempt) => sending(attempt), 'abandoned', true],
      ['unconfirmed', (attempt) => sending(attempt), 'unconfirmed', true],
    ])('starts the cooldown of the target or not: %s', async (_, proceed, outcome, isStarted) => {
      await close(await proceed(await claimed()), outcome);
      expect((await ledger.read(SHOP)).cooldownUntilMs > 0).toBe(isStarted);
      expect(await refusal({ bootId: 'boot-2' })).toBe(isStarted ? 'cooldown' : 'granted');
    });

    it('starts no cooldown of dry attempts by one that was abandoned', async () => {
      await close(await claimed({ dryRun: true }), 'abandoned');
      expect(await ledger.read(SHOP)).toMatchObject({ dryCooldownUntilMs: 0, cooldownUntilMs: 0 });
      expect((await ledger.read(SHOP)).dryHistory).toMatchObject([{ outcome: 'abandoned' }]);
    });

    it('counts the cooldown from sending, and from the close where nothing was sent', async () => {
      const sent = await sending(await claimed());
      current.pass(MINUTE);
      await close(sent, 'restarted');
      expect((await ledger.read(SHOP)).cooldownUntilMs).toBe((sent.sendingAtMs ?? 0) + POLICY.cooldownMs);
      expect(await refusal({ bootId: 'boot-2' })).toBe('cooldown');
      current.pass(14 * MINUTE);
      const abandoned = await close(await draining(await claimed({ bootId: 'boot-2' }), 'boot-2'), 'abandoned');
      expect((await ledger.read(SHOP)).cooldownUntilMs).toBe((abandoned.closedAtMs ?? 0) + POLICY.cooldownMs);
      expect(await refusal({ bootId: 'boot-2' })).toBe('cooldown');
      current.pass(15 * MINUTE);
      await claimed({ bootId: 'boot-2' });
    });

    it('holds the budget over the last hour', async () => {
      for (const bootId of ['a', 'b', 'c']) await attempted(bootId, 'restarted');
      // The first was sent just an hour ago by now: one place is free again, and then no more.
      await attempted('d', 'restarted');
      current.pass(-4 * MINUTE);
      expect((await ledger.read(SHOP)).sentLastHour).toBe(3);
      expect(await refusal({ bootId: 'e' })).toBe('budget');
      await claimed({ bootId: 'e', by: 'person' });
    });

    it("lets a person skip cooldown, budget, breaker and a spent boot, and nobody's pause or hold", async () => {
      for (const id of ['a', 'b', 'c']) await attempted(id, 'unconfirmed');
      expect(await refusal({ bootId: 'x' })).toBe('breaker-open');
      await close(await sending(await claimed({ by: 'person', bootId: 'c' }), 'c'), 'unconfirmed');
      await ledger.pause(SHOP);
      expect(await refusal({ by: 'person' })).toBe('paused');
      await ledger.resume(SHOP);
      await current.empty();
      expect(await refusal({ by: 'person' })).toBe('ledger-hold');
    });

    it('is paused target by target or as a whole, and looks again before sending', async () => {
      const drained = await draining(await claimed());
      const send: Move = { to: 'sending', platformDynoId: 'boot-1', deadlineInMs: 90_000 };
      await ledger.pause(null);
      expect(await refusal({ target: { app: 'other', processType: 'worker' } })).toBe('paused');
      expect(await ledger.advance(drained, send)).toEqual({ ok: false, why: 'paused' });
      await ledger.resume(null);
      await ledger.pause(SHOP);
      expect(await ledger.advance(drained, send)).toEqual({ ok: false, why: 'paused' });
      await ledger.resume(null);
      expect((await ledger.read(SHOP)).paused).toBe(true);
      await ledger.resume(SHOP);
      expect((await ledger.advance(drained, send)).ok).toBe(true);
    });

    it('knows since when it is paused, and whether all targets are; a second pause changes neither', async () => {
      expect(await ledger.read(SHOP)).toMatchObject({ paused: false, pausedBy: { all: false }, pausedSinceMs: null });
      await ledger.pause(SHOP);
      const { nowMs } = await ledger.read(SHOP);
      current.pass(MINUTE);
      await ledger.pause(SHOP);
      const byName = await ledger.read(SHOP);
      expect(byName).toMatchObject({ paused: true, pausedBy: { all: false } });
      expect(nowMs - (byName.pausedSinceMs ?? 0)).toBeLessThan(MINUTE);
      await ledger.pause(null);
      expect(await ledger.read(SHOP)).toMatchObject({ paused: true, pausedBy: { all: true } });
      await ledger.resume(null);
      await ledger.resume(SHOP);
      expect(await ledger.read(SHOP)).toMatchObject({ paused: false, pausedBy: { all: false }, pausedSinceMs: null });
    });

    it('does not send long after the end of the drain', async () => {
      const drained = await draining(await claimed());
      current.pass(3 * MINUTE + 1000);
      const send: Move = { to: 'sending', platformDynoId: 'boot-1', deadlineInMs: 90_000 };
      expect(await ledger.advance(drained, send)).toEqual({ ok: false, why: 'overtaken' });
      await close(drained, 'abandoned');
    });

    it('keeps dry attempts apart: nothing spent, a history and a cooldown of their own', async () => {
      const dry = await claimed({ dryRun: true });
      await close(dry, 'dry-run');
      const view = await ledger.read(SHOP);
      expect(view.history).toEqual([]);
      expect(view.dryHistory).toMatchObject([{ attemptId: dry.id, outcome: 'dry-run', sendingAtMs: null }]);
      expect(view).toMatchObject({ spentBootIds: [], cooldownUntilMs: 0, sentLastHour: 0 });
      expect(await refusal({ dryRun: true })).toBe('cooldown');
      await claimed();
    });

    it('opens the breaker after two restarts in a row that gave nothing back, late reports included', async () => {
      const first = await attempted('a', 'restarted');
      const second = await attempted('b', 'restarted');
      await ledger.recordReclaimed(SHOP, second.id, -5);
      expect((await ledger.read(SHOP)).breakerOpenUntilMs).toBe(0);
      await ledger.recordReclaimed(SHOP, first.id, 1);
      await ledger.recordReclaimed(SHOP, first.id, 300 * 1024 ** 2);
      const view = await ledger.read(SHOP);
      expect(view.breakerOpenUntilMs).toBeGreaterThan(view.nowMs);
      expect(view.breakerReason).toContain('gave nothing back');
      expect(view.history.map((entry) => entry.reclaimedBytes)).toEqual([-5, 1]);
      expect(await refusal({ bootId: 'c' })).toBe('breaker-open');
    });

    it('counts a restart after which memory was soon back as one that gave nothing, and remembers it longer than the breaker is open', async () => {
      const first = await attempted('a', 'restarted');
      await ledger.recordReclaimed(SHOP, first.id, 300 * 1024 ** 2);
      await ledger.recordBackSoon(SHOP, first.id, 20 * MINUTE);
      await ledger.recordBackSoon(SHOP, first.id, 30 * MINUTE);
      expect(await ledger.read(SHOP)).toMatchObject({ uselessRestarts: 1, breakerOpenUntilMs: 0 });
      const second = await attempted('b', 'restarted');
      await ledger.recordBackSoon(SHOP, second.id, 25 * MINUTE);
      const view = await ledger.read(SHOP);
      expect(view.history.map((entry) => entry.backAfterMs)).toEqual([25 * MINUTE, 20 * MINUTE]);
      expect(view.uselessRestarts).toBe(2);
      expect(await refusal({ bootId: 'c' })).toBe('breaker-open');
      current.pass(24 * HOUR);
      expect(await ledger.read(SHOP)).toMatchObject({ uselessRestarts: 2, breakerOpenUntilMs: 0 });
      await ledger.resume(SHOP);
      expect((await ledger.read(SHOP)).uselessRestarts).toBe(0);
    });

    it.each(BREAKER_CASES)('opens its breaker by the rule, here where %s', async (_, closed, reason) => {
      const ids: string[] = [];
      for (const [index, { outcome, notTheTargets, usageBytes }] of closed.entries()) {
        // A person's attempts: they go on where the breaker opens before the last of them.
        const attempt = await claimed({ bootId: `boot-${index}`, by: 'person', usageBytes });
        ids.push((await close(await sending(attempt, attempt.bootId), outcome, notTheTargets)).id);
      }
      for (const [index, { reclaimedBytes, backAfterMs }] of closed.entries()) {
        if (reclaimedBytes !== null) await ledger.recordReclaimed(SHOP, ids[index] ?? '', reclaimedBytes);
        if (backAfterMs !== null) await ledger.recordBackSoon(SHOP, ids[index] ?? '', backAfterMs);
      }
      expect((await ledger.read(SHOP)).breakerReason).toBe(reason);
    });

    it('does not count a restart that freed memory, or one before it', async () => {
      for (const [bootId, reclaimed] of [
        ['a', 0],
        ['b', 200 * 1024 ** 2],
        ['c', 0],
      ] as const) {
        const { id } = await attempted(bootId, 'restarted');
        await ledger.recordReclaimed(SHOP, id, reclaimed);
      }
      expect((await ledger.read(SHOP)).breakerOpenUntilMs).toBe(0);
    });

    it('opens the breaker after three failed attempts in a row, and stops one that was about to be sent', async () => {
      await attempted('a', 'unconfirmed');
      await attempted('b', 'refused', true);
      await attempted('c', 'refused');
      await attempted('d', 'already-gone');
      expect((await ledger.read(SHOP)).breakerOpenUntilMs).toBe(0);
      current.pass(HOUR);
      await attempted('e', 'unconfirmed');
      expect((await ledger.read(SHOP)).breakerReason).toContain('never confirmed');
      expect(await refusal({ bootId: 'x' })).toBe('breaker-open');
    });

    it.each<[string, (ledger: Ledger) => Promise<void> | void]>([
      ['at a new release', (ledger) => ledger.noteRelease(SHOP, 43)],
      ["at a person's resume", (ledger) => ledger.resume(SHOP)],
      ['when all are resumed', (ledger) => ledger.resume(null)],
      ['after a day', () => current.pass(24 * HOUR)],
    ])('closes the breaker %s, and forgets what opened it', async (_, act) => {
      await ledger.noteRelease(SHOP, 42);
      for (const id of ['a', 'b', 'c']) await attempted(id, 'unconfirmed');
      await ledger.noteRelease(SHOP, 42);
      expect(await refusal({ bootId: 'd' })).toBe('breaker-open');
      await act(ledger);
      current.pass(HOUR);
      await attempted('d', 'unconfirmed');
      await attempted('e', 'unconfirmed');
      expect((await ledger.read(SHOP)).breakerOpenUntilMs).toBe(0);
      await attempted('f', 'unconfirmed');
      expect((await ledger.read(SHOP)).breakerOpenUntilMs).not.toBe(0);
    });

    it('learns the floor of a target as the median over its boots', async () => {
      expect((await ledger.read(SHOP)).learnedFloorBytes).toBeNull();
      await learn('worker.1', 'a', 100);
      await learn('worker.2', 'b', 900);
      await learn('worker.3', 'c', 120);
      expect((await ledger.read(SHOP)).learnedFloorBytes).toBe(120);
      await learn('worker.2', 'b', 110);
      expect((await ledger.read(SHOP)).learnedFloorBytes).toBe(110);
    });

    it('gives each dyno one voice, by its last three boots', async () => {
      await learn('worker.1', 'a', 100);
      for (const bootId of ['b', 'c', 'd', 'e', 'f']) await learn('worker.2', bootId, 900);
      expect((await ledger.read(SHOP)).learnedFloorBytes).toBe(100);
      await learn('worker.2', 'g', 50);
      await learn('worker.2', 'h', 60);
      expect((await ledger.read(SHOP)).learnedFloorBytes).toBe(60);
    });

    it('forgets a floor a week after it was learned', async () => {
      await learn('worker.1', 'a', 100);
      current.pass(7 * 24 * HOUR - 1_000);
      expect((await ledger.read(SHOP)).learnedFloorBytes).toBe(100);
      current.pass(2_000);
      expect((await ledger.read(SHOP)).learnedFloorBytes).toBeNull();
    });

    it('goes by the newest release as soon as two of its boots have shown their floor', async () => {
      for (const [dyno, bootId] of [
        ['worker.1', 'a'],
        ['worker.2', 'b'],
        ['worker.3', 'c'],
      ] as const)
        await learn(dyno, bootId, 100, 7);
      await learn('worker.1', 'd', 300, 8);
      expect((await ledger.read(SHOP)).learnedFloorBytes).toBe(100);
      await learn('worker.2', 'e', 310, 8);
      expect((await ledger.read(SHOP)).learnedFloorBytes).toBe(300);
    });

    it('learns what a running job holds, from boots without a floor too, the surest estimate first', async () => {
      await learn('worker.1', 'a', 100);
      expect((await ledger.read(SHOP)).learnedBytesPerJob).toBeNull();
      await learnJobs('b', 1_000, 500);
      await learnJobs('c', 2_000, 250);
      const { learnedBytesPerJob, learnedFloorBytes } = await ledger.read(SHOP);
      expect(learnedBytesPerJob?.bytes).toBeCloseTo(1_800);
      expect(learnedBytesPerJob?.errorBytes).toBeCloseTo(540);
      expect(learnedFloorBytes).toBe(100);
      current.pass(7 * 24 * HOUR + 1_000);
      expect((await ledger.read(SHOP)).learnedBytesPerJob).toBeNull();
    });

    it('holds everything after it lost everything, and overtakes who was on the way', async () => {
      const drained = await draining(await claimed());
      await current.empty();
      const send: Move = { to: 'sending', platformDynoId: 'boot-1', deadlineInMs: 90_000 };
      expect(await ledger.advance(drained, send)).toEqual({ ok: false, why: 'overtaken' });
      expect(await refusal()).toBe('ledger-hold');
      expect((await ledger.read(SHOP)).heldUntilMs).toBeGreaterThan(0);
      current.pass(POLICY.holdMs);
      await claimed();
      expect((await ledger.read(SHOP)).heldUntilMs).toBe(0);
    });

    it('takes back what was known of it before it lost everything, any number of times', async () => {
      const attempt = await sending(await claimed());
      const { cooldownUntilMs, nowMs } = await ledger.read(SHOP);
      await current.empty();
      const known: KnownRecord = {
        spentBootIds: ['boot-1', 'platform-1'],
        sending: attempt,
        pausedBy: { all: true, target: true },
        cooldownUntilMs: nowMs + 40 * MINUTE,
        breakerOpenUntilMs: nowMs + 30 * MINUTE,
        breakerReason: 'it did not help',
      };
      for (let time = 0; time < 2; time += 1) await ledger.writeBack(SHOP, known);
      const view = await ledger.read(SHOP);
      expect(view).toMatchObject({
        open: attempt,
        pausedBy: { all: true, target: true },
        cooldownUntilMs: nowMs + 40 * MINUTE,
        breakerOpenUntilMs: nowMs + 30 * MINUTE,
        breakerReason: 'it did not help',
        history: [],
      });
      expect(cooldownUntilMs).toBe(0);
      expect([...view.spentBootIds].sort()).toEqual(['boot-1', 'platform-1']);
      expect(await ledger.open()).toEqual([attempt]);
      await close(attempt, 'refused');
      // Which of the two had been spent before is not known any more.
      expect([...(await ledger.read(SHOP)).spentBootIds].sort()).toEqual(['boot-1', 'platform-1']);
      await ledger.writeBack(SHOP, known);
      expect(await ledger.open()).toEqual([]);
    });

    it('keeps what it has heard since it lost everything', async () => {
      const { nowMs } = await ledger.read(SHOP);
      await current.empty();
      await ledger.read(SHOP);
      current.pass(POLICY.holdMs);
      await ledger.resume(null);
      await ledger.resume(SHOP);
      const attempt = await claimed({ bootId: 'boot-2' });
      await ledger.writeBack(SHOP, {
        spentBootIds: [],
        sending: { ...attempt, id: 'older', phase: 'sending' },
        pausedBy: { all: true, target: true },
        cooldownUntilMs: nowMs - 1,
        breakerOpenUntilMs: nowMs + HOUR,
        breakerReason: 'it did not help',
      });
      const untouched = { open: attempt, paused: false, cooldownUntilMs: 0, breakerOpenUntilMs: 0 };
      expect(await ledger.read(SHOP)).toMatchObject(untouched);
    });

    it('shows another epoch after it lost everything, and the same one until then', async () => {
      const { epochMs } = await ledger.read(SHOP);
      current.pass(HOUR);
      expect((await ledger.read(SHOP)).epochMs).toBe(epochMs);
      await current.empty();
      current.pass(HOUR);
      expect((await ledger.read(SHOP)).epochMs).toBeGreaterThan(epochMs);
    });

    it('sends nothing while it is held, whoever brought the attempt back', async () => {
      const drained = await draining(await claimed());
      await current.empty();
      await ledger.writeBack(SHOP, {
        spentBootIds: [],
        sending: drained,
        pausedBy: { all: false, target: false },
        cooldownUntilMs: 0,
        breakerOpenUntilMs: 0,
        breakerReason: null,
      });
      const send: Move = { to: 'sending', platformDynoId: 'boot-1', deadlineInMs: 90_000 };
      expect(await ledger.advance(drained, send)).toEqual({ ok: false, why: 'ledger-hold' });
      await close(drained, 'abandoned');
    });

    it('lets exactly one of many simultaneous claims through', async () => {
      const answers = await Promise.all(
        Array.from({ length: 50 }, (_, index) => ledger.claim(aClaim({ bootId: `boot-${index}` }))),
      );
      expect(answers.filter((answer) => answer.ok)).toHaveLength(1);
    });
  });
}

function attemptOf(answer: ClaimAnswer | AdvanceAnswer): Attempt {
  if (!answer.ok) throw new Error(`refused: ${answer.why}`);
  return answer.attempt;
}

function whyNot(answer: ClaimAnswer): string {
  return answer.ok ? 'granted' : answer.why;
}
