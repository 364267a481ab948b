import { expect, it } from 'vitest';
import { FairShares, type Holding, ownerOf } from '../../src/model/fair-shares.ts';

function world(max: number) {
  const shares = new FairShares<Holding>(max);
  /** Whether the owner got so much; what it took from others goes away. */
  const take = (owner: string, amount: number): boolean => {
    for (;;) {
      const payer = shares.payerFor(owner, amount);
      if (payer === null) break;
      const silent = shares.mostSilentOf(payer);
      if (payer === owner || silent === undefined) return false;
      shares.remove(silent);
    }
    shares.grow({ owner, amount: 0 }, amount);
    return true;
  };
  const count = (owner: string, takes: number) =>
    Array.from({ length: takes }, () => take(owner, 1)).filter(Boolean).length;
  return { shares, take, count };
}

it('one owner gets all that is there', () => {
  const { shares, count } = world(100);
  expect(count('one', 150)).toBe(100);
  expect(shares.used).toBe(100);
});

it('owners who ask without end all get the same, in whatever order they come', () => {
  const { shares, count } = world(120);
  count('one', 500);
  count('two', 500);
  count('three', 500);
  const own = (owner: string) => [1, 2, 3].filter(() => shares.payerFor(owner, 1) === owner).length > 0;
  expect(['one', 'two', 'three'].map(own)).toEqual([true, true, true]);
  expect(count('four', 500)).toBeGreaterThanOrEqual(27);
  expect(shares.used).toBe(120);
});

it('an owner with less is never made to pay', () => {
  const { shares, count } = world(100);
  count('small', 5);
  count('large', 500);
  expect(count('late', 500)).toBeGreaterThan(40);
  let small = 0;
  for (let item = shares.mostSilentOf('small'); item !== undefined; item = shares.mostSilentOf('small')) {
    shares.remove(item);
    small++;
  }
  expect(small).toBe(5);
});

it('what was touched last is the last to go', () => {
  const { shares } = world(3);
  const [a, b] = ['a', 'b'].map((key) => ({ owner: 'one', amount: 0, key }));
  if (a === undefined || b === undefined) throw new Error('no holdings');
  for (const item of [a, b]) shares.grow(item, 1);
  shares.touch(a);
  expect(shares.mostSilentOf('one')).toBe(b);
});

it('a token for some apps is one owner, and of a token for all each app is', () => {
  const some = { id: 't1', speaksForAll: false };
  const all = { id: 't2', speaksForAll: true };
  expect(ownerOf('a', some)).toBe(ownerOf('b', some));
  expect(ownerOf('a', all)).not.toBe(ownerOf('b', all));
});
