import { describe, expect, it } from 'vitest';
import type { Boot } from '../../src/detector/boot/boot.ts';
import type { DynoFacts } from '../../src/detector/rules/assessment.ts';
import { MIB } from '../detector/curves.ts';
import { bootOf, decideFor, facts, START_MS, WINDOWS } from './decide-for.ts';

describe('a boot that fills up in its warm-up', () => {
  const filled = bootOf((window) => (window < 1 ? 100 : 773), WINDOWS);

  it('is restarted when the boots of its target have shown a lower floor than its own', () => {
    const [decision] = decideFor({ boots: [filled], ledger: { learnedFloorBytes: 100 * MIB } });
    expect(decision).toMatchObject({ class: 'bloat', action: 'restart', reason: 'hard-limit' });
    expect(decision?.explanation).toContain('gives back about 673 MB');
  });

  it.each([
    [null, 'unknown', 'advise'],
    [900 * MIB, 'unknown', 'advise'],
  ])(
    'is compared with its own floor when that is the lower one (%s), and is not called healthy',
    (learned, name, action) => {
      const [decision] = decideFor({ boots: [filled], ledger: { learnedFloorBytes: learned } });
      expect(decision).toMatchObject({ class: name, action, reason: 'working-set', reclaimableBytes: 0 });
    },
  );

  it('is healthy below its quota, and not over it, whatever the floor was', () => {
    const classAt = (usageMb: number) => decideFor({ boots: [bootOf(() => usageMb, WINDOWS)] })[0]?.class;
    expect(classAt(500)).toBe('healthy');
    expect(classAt(513)).toBe('unknown');
    const peak = { ...bootOf(() => 500, WINDOWS), usageBytes: 520 * MIB };
    expect(decideFor({ boots: [peak] })[0]?.class).toBe('unknown');
  });
});

describe('a high floor that was never seen to rise', () => {
  const high = bootOf(() => 470, WINDOWS);
  const old: DynoFacts = { ...facts, createdAtMs: START_MS - 10_000_000 };
  const seenLate: Boot = { ...high, identity: { ...high.identity, startTimeMs: START_MS - 10_000_000 } };

  it('gets advice while nothing is known that a restart would give back', () => {
    expect(decideFor({ boots: [seenLate], facts: old })[0]).toMatchObject({
      action: 'advise',
      reason: 'reclaimable-unknown',
    });
  });

  it('is restarted when it rose after it was first seen, because that much comes back', () => {
    const risen = bootOf((window) => (window < 8 ? 250 : Math.min(470, 250 + (window - 7) * 55)), WINDOWS);
    const risenLate: Boot = { ...risen, identity: { ...risen.identity, startTimeMs: START_MS - 10_000_000 } };
    const [decision] = decideFor({ boots: [risenLate], facts: old });
    expect(decision).toMatchObject({ action: 'restart', reason: 'sustained-over-soft-limit' });
    // A floor is the lowest of some readings, less what noise made of it: good to a ten-thousandth.
    expect(Math.round((decision?.reclaimableBytes ?? 0) / MIB)).toBe(220);
  });

  it('is restarted when other boots of the target have shown a low floor', () => {
    const [decision] = decideFor({ boots: [seenLate], facts: old, ledger: { learnedFloorBytes: 100 * MIB } });
    expect(decision).toMatchObject({
      action: 'restart',
      reason: 'sustained-over-soft-limit',
      reclaimableBytes: 370 * MIB,
    });
  });

  it('gets advice when other boots have shown the same floor', () => {
    const [decision] = decideFor({ boots: [seenLate], facts: old, ledger: { learnedFloorBytes: 460 * MIB } });
    expect(decision).toMatchObject({ action: 'advise', reason: 'working-set' });
  });

  it('is restarted over the hard limit, even when nothing is known', () => {
    const over: Boot = { ...bootOf(() => 530, WINDOWS), identity: seenLate.identity };
    expect(decideFor({ boots: [over], facts: old })[0]).toMatchObject({
      action: 'restart',
      reason: 'hard-limit',
      urgent: true,
    });
  });

  it('is restarted over the absolute limit', () => {
    const [decision] = decideFor({ boots: [seenLate], facts: old, policy: { maxRssBytes: 400 * MIB } });
    expect(decision).toMatchObject({ action: 'restart', reason: 'max-rss' });
  });
});
