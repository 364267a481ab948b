import { describe, expect, it } from 'vitest';
import { HOUR, type LedgerSession, SHOP } from './ledger-session.ts';

export function describeLearned(session: LedgerSession): void {
  describe('what a target has learned', () => {
    it('learns the floor of a target as the median over its boots', async () => {
      expect((await session.ledger.read(SHOP)).learnedFloorBytes).toBeNull();
      await session.learn('worker.1', 'a', 100);
      await session.learn('worker.2', 'b', 900);
      await session.learn('worker.3', 'c', 120);
      expect((await session.ledger.read(SHOP)).learnedFloorBytes).toBe(120);
      await session.learn('worker.2', 'b', 110);
      expect((await session.ledger.read(SHOP)).learnedFloorBytes).toBe(110);
    });

    it('gives each dyno one voice, by its last three boots', async () => {
      await session.learn('worker.1', 'a', 100);
      for (const bootId of ['b', 'c', 'd', 'e', 'f']) await session.learn('worker.2', bootId, 900);
      expect((await session.ledger.read(SHOP)).learnedFloorBytes).toBe(100);
      await session.learn('worker.2', 'g', 50);
      await session.learn('worker.2', 'h', 60);
      expect((await session.ledger.read(SHOP)).learnedFloorBytes).toBe(60);
    });

    it('forgets a floor a week after it was learned', async () => {
      await session.learn('worker.1', 'a', 100);
      session.pass(7 * 24 * HOUR - 1_000);
      expect((await session.ledger.read(SHOP)).learnedFloorBytes).toBe(100);
      session.pass(2_000);
      expect((await session.ledger.read(SHOP)).learnedFloorBytes).toBeNull();
    });

    it('goes by the newest release as soon as two of its boots have shown their floor', async () => {
      for (const [dyno, bootId] of [
        ['worker.1', 'a'],
        ['worker.2', 'b'],
        ['worker.3', 'c'],
      ] as const)
        await session.learn(dyno, bootId, 100, 7);
      await session.learn('worker.1', 'd', 300, 8);
      expect((await session.ledger.read(SHOP)).learnedFloorBytes).toBe(100);
      await session.learn('worker.2', 'e', 310, 8);
      expect((await session.ledger.read(SHOP)).learnedFloorBytes).toBe(300);
    });

    it('learns what a running job holds, from boots without a floor too, the surest estimate first', async () => {
      await session.learn('worker.1', 'a', 100);
      expect((await session.ledger.read(SHOP)).learnedBytesPerJob).toBeNull();
      await session.learnJobs('b', 1_000, 500);
      await session.learnJobs('c', 2_000, 250);
      const { learnedBytesPerJob, learnedFloorBytes } = await session.ledger.read(SHOP);
      expect(learnedBytesPerJob?.bytes).toBeCloseTo(1_800);
      expect(learnedBytesPerJob?.errorBytes).toBeCloseTo(540);
      expect(learnedFloorBytes).toBe(100);
      session.pass(7 * 24 * HOUR + 1_000);
      expect((await session.ledger.read(SHOP)).learnedBytesPerJob).toBeNull();
    });
  });
}
