import { describe, expect, it } from 'vitest';
import type { Family } from '../../evaluation/family.ts';
import { Random } from '../../evaluation/random.ts';
import type { Candidate, Sample } from '../../evaluation/restarter.ts';
import { simulate } from '../../evaluation/simulate.ts';
import { FAMILIES, familyOf, SPLITS, type Split, seedOf } from '../../evaluation/splits.ts';

const never: Candidate = { name: 'never', start: () => ({ observe: () => false }) };

/** Keeps what it saw, and restarts after the given number of samples of a boot. */
function watching(seen: Sample[], restartAfter = Number.POSITIVE_INFINITY): Candidate {
  return {
    name: 'watching',
    start: () => ({
      observe: (sample) => {
        seen.push(sample);
        return seen.filter(({ bootId }) => bootId === sample.bootId).length >= restartAfter;
      },
    }),
  };
}

describe('simulated dynos', () => {
  it.each(FAMILIES.map(({ id }) => id))('%s: the same seed gives the same samples', (id) => {
    const family = { ...familyOf(id), days: 0.2 };
    const [first, second]: [Sample[], Sample[]] = [[], []];
    simulate(family, watching(first), 5);
    simulate(family, watching(second), 5);
    expect(first.length).toBeGreaterThan(100);
    expect(second).toEqual(first);
  });

  it('a restart begins a boot at the floor that boots begin at', () => {
    const family = { ...familyOf('L1'), days: 1 };
    const seen: Sample[] = [];
    const { boots } = simulate(family, watching(seen, 100), 11);
    expect(boots.length).toBeGreaterThan(5);
    expect(boots.slice(0, -1).every(({ endedBy }) => endedBy === 'restart')).toBe(true);
    for (const { model } of boots) expect(model.floor(0)).toBeLessThan(0.2);
  });

  it('the platform restarts a dyno between 24 h and 27.6 h after its start', () => {
    const { boots } = simulate({ ...familyOf('H1'), days: 5 }, never, 3);
    const lives = boots.slice(0, -1).map(({ startMin, endMin }) => (endMin - startMin) / 60);
    expect(lives.length).toBeGreaterThanOrEqual(3);
    for (const life of lives) expect(life).toSatisfy((hours: number) => hours >= 24 && hours <= 27.7);
  });

  it('a dyno that reaches twice its quota is killed', () => {
    const steep: Family = {
      ...familyOf('L1'),
      draw: () => () => ({
        floor: (uptime) => 0.2 + uptime / 60,
        at: (uptime) => ({ usage: 0.2 + uptime / 60, activeJobs: 0, jobsPerMinute: 1 }),
      }),
    };
    const { boots } = simulate({ ...steep, days: 1 }, never, 3);
    expect(boots[0]?.endedBy).toBe('kill');
    expect(boots[0]?.endMin).toBeCloseTo(108, -1);
  });

  it('L6 shows no RSS over the quota, and the rest as swap', () => {
    const seen: Sample[] = [];
    simulate({ ...familyOf('L6'), days: 1 }, watching(seen), 8);
    expect(Math.max(...seen.map(({ rssBytes, limitBytes }) => rssBytes / limitBytes))).toBe(1);
    expect(Math.max(...seen.map(({ swapBytes }) => swapBytes))).toBeGreaterThan(0);
  });

  it('H8 brings samples late, twice, and not at all for a while', () => {
    const seen: Sample[] = [];
    simulate({ ...familyOf('H8'), days: 2 }, watching(seen), 8);
    const steps = seen.slice(1).map(({ timeMs }, index) => timeMs - (seen[index]?.timeMs ?? 0));
    expect(Math.min(...steps)).toBeLessThanOrEqual(0);
    expect(Math.max(...steps)).toBeGreaterThan(120_000);
  });

  it('B3 is back over the soft limit within half an hour, B2 at its plateau in 4 h or more', () => {
    for (let seed = 0; seed < 20; seed += 1) {
      const [b2, b3] = ['B2', 'B3'].map((id) => familyOf(id).draw(new Random(seed))(new Random(seed + 99), 0));
      expect(b3?.floor(31)).toBeGreaterThan(0.8);
      expect(b2?.floor(239)).toBeLessThan(b2?.floor(720) ?? 0);
    }
  });
});

describe('families of load', () => {
  const healthy = FAMILIES.filter(({ id, duty }) => /^W[1-9]$/.test(id) && duty === 'leave');

  it.each(healthy.map(({ id }) => id))('%s: a fresh boot holds as much as an old one under the same load', (id) => {
    for (let seed = 0; seed < 10; seed += 1) {
      const draw = familyOf(id).draw(new Random(seed));
      const [old, fresh] = [draw(new Random(1), 0), draw(new Random(2), 900)];
      expect(fresh.load?.(1000)).toBe(old.load?.(1000));
      expect(fresh.floor(100)).toBeCloseTo(old.floor(1000), 5);
    }
  });

  it.each(healthy.map(({ id }) => id))('%s: passes the soft limit while jobs run, and only then', (id) => {
    for (let seed = 0; seed < 10; seed += 1) {
      const model = familyOf(id).draw(new Random(seed))(new Random(1), 0);
      const minutes = Array.from({ length: 2 * 1440 }, (_, minute) => minute);
      const usage = minutes.map((minute) => model.floor(minute) + (model.load?.(minute) ?? 0));
      expect(Math.max(...usage)).toBeGreaterThan(0.75);
      expect(Math.max(...minutes.map((minute) => model.floor(minute)))).toBeLessThan(0.5);
    }
  });
});

describe('splits', () => {
  it('no two have a seed in common', () => {
    const seeds = (split: Split) => FAMILIES.flatMap(({ id }) => [0, 1, 9_999].map((dyno) => seedOf(split, id, dyno)));
    const all = SPLITS.flatMap(seeds);
    expect(new Set(all).size).toBe(all.length);
    expect(() => seedOf('dev', 'H1', 10_000)).toThrow(RangeError);
  });
});
