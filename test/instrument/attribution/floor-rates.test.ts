import { describe, expect, it } from 'vitest';
import { Random } from '../../../evaluation/random.ts';
import { FloorRates } from '../../../src/instrument/attribution/floor-rates.ts';

const MB = 1e6;
const STEP_MS = 100;

/** Plays steps in which some of each name's jobs run, and memory changes. */
function play(
  steps: number,
  step: (at: number) => { readonly running: readonly number[]; readonly changeBytes: number },
) {
  const floors = new FloorRates();
  for (let at = 0; at < steps; at += 1) {
    const { running, changeBytes } = step(at);
    const present = running.map((jobs, index) => ({ index, started: 0, ended: 0, jobMs: jobs * STEP_MS }));
    floors.add(present, present.length, changeBytes, at * STEP_MS);
  }
  return floors;
}

/** Two names in turns of some ten seconds: the first keeps, the second lends ten times as much, which comes back later. */
function lending(steps: number) {
  const owed: number[] = [];
  return play(steps, (at) => {
    const share = 1 + ((at * 7919) % 13);
    const [keeps, lends] = [share, 13 - (((at >> 7) * 5) % 11)];
    owed.push(lends * 10 * MB);
    const back = owed.length > 20 ? (owed.shift() ?? 0) : 0;
    return { running: [keeps, lends], changeBytes: keeps * MB + lends * 10 * MB - back };
  });
}

describe('rates by the floor of memory', () => {
  it('leave the estimate as it is before there are floors enough', () => {
    const prior = Float64Array.of(1, 10);
    expect(lending(100).corrected(prior)).toBe(prior);
  });

  it('leave it where memory does not grow', () => {
    const prior = Float64Array.of(1, 2);
    expect(play(5000, () => ({ running: [1, 2], changeBytes: 0 })).corrected(prior)).toBe(prior);
  });

  it('leave it nearly where memory only ever grows', () => {
    const floors = play(5000, (at) => ({
      running: [1 + (at % 3), 1 + ((at >> 3) % 5)],
      changeBytes: (1 + (at % 3)) * MB,
    }));
    const [keeps = 0, innocent = 0] = floors.corrected(Float64Array.of(1, 0));
    expect(innocent / keeps).toBeLessThan(0.05);
  });

  it('leave it where they contradict it by no more than chance would', () => {
    const prior = Float64Array.of(1, 3, 1);
    const random = new Random(1);
    let garbageBytes = 0;
    const floors = play(20_000, () => {
      const [a, b, c] = [random.whole(1, 9), random.whole(1, 9), random.whole(1, 9)];
      const before = garbageBytes;
      garbageBytes = random.between(0, 50 * MB);
      return { running: [a, b, c], changeBytes: (a + 3 * b + c) * 1000 + garbageBytes - before };
    });
    expect(floors.corrected(prior)).toBe(prior);
  });

  it('find who keeps beside one that lends ten times as much, though the estimate says the other', () => {
    const [keeps = 0, lends = 0] = lending(20_000).corrected(Float64Array.of(1, 10));
    expect(keeps).toBeGreaterThan(lends);
  });

  it('take names that come later, and forget', () => {
    const floors = play(5000, (at) => ({
      running: Array.from({ length: 1 + Math.floor(at / 300) }, (_, name) => 1 + ((at * (name + 3)) % 7)),
      changeBytes: ((at % 5) - 1) * MB,
    }));
    floors.fade(0.5);
    const rates = floors.corrected(new Float64Array(17).fill(1));
    expect(rates.every((rate) => rate >= 0 && Number.isFinite(rate))).toBe(true);
    floors.fade(0);
    const prior = new Float64Array(17).fill(1);
    expect(floors.corrected(prior)).toBe(prior);
  });
});
