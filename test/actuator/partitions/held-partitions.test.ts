import fc, { array, bigInt, constantFrom, integer, oneof, property, record, uniqueArray } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HeldPartitions, offsetToReadFrom } from '../../../src/actuator/partitions/held-partitions.ts';

const WATCH_MS = 60_000;
const FAR_MS = Number.MAX_SAFE_INTEGER;
const RESTORED = { offset: 5n, isRestored: true };

function held(partitions: readonly number[]): HeldPartitions {
  const one = new HeldPartitions({ watchMs: WATCH_MS });
  one.hold(partitions);
  one.confirm(FAR_MS);
  return one;
}

const phaseOf = (one: HeldPartitions, nowMs: number) => one.list(nowMs)[0]?.phase;

describe('a partition', () => {
  it('only advises until its boots are there, it has caught up, and one window has passed', () => {
    const one = held([3]);
    expect(phaseOf(one, 0)).toBe('restoring');
    one.begin(3, RESTORED);
    expect(phaseOf(one, 0)).toBe('catching-up');
    one.note(3, { nextOffset: 8n, endOffset: 10n, newestAgeMs: 0 }, 1_000);
    expect(phaseOf(one, 1_000 + WATCH_MS)).toBe('catching-up');
    one.note(3, { nextOffset: 10n, endOffset: 10n, newestAgeMs: 0 }, 2_000);
    expect(one.mayDecide(3, 2_000 + WATCH_MS - 1)).toBe(false);
    expect(one.mayDecide(3, 2_000 + WATCH_MS)).toBe(true);
  });

  it('only advises again when it has fallen behind by more than a window', () => {
    const one = held([3]);
    one.begin(3, RESTORED);
    one.note(3, { nextOffset: 10n, endOffset: 10n, newestAgeMs: 0 }, 0);
    one.note(3, { nextOffset: 11n, endOffset: 90n, newestAgeMs: WATCH_MS }, WATCH_MS);
    expect(one.mayDecide(3, WATCH_MS)).toBe(true);
    one.note(3, { nextOffset: 12n, endOffset: 90n, newestAgeMs: WATCH_MS + 1 }, WATCH_MS);
    expect(one.mayDecide(3, 9 * WATCH_MS)).toBe(false);
  });

  it('only advises while Redis could not say what was saved of its boots', () => {
    const one = held([3]);
    one.begin(3, { offset: 0n, isRestored: false });
    one.note(3, { nextOffset: 1n, endOffset: 1n, newestAgeMs: 0 }, 0);
    expect(phaseOf(one, 9 * WATCH_MS)).toBe('restoring');
  });

  it('is left alone once the group has not confirmed this actuator for a session, as after a long sleep', () => {
    const one = new HeldPartitions({ watchMs: 0 });
    one.hold([3]);
    one.begin(3, RESTORED);
    one.note(3, { nextOffset: 1n, endOffset: 1n, newestAgeMs: 0 }, 0);
    expect(one.mayDecide(3, 0)).toBe(false);
    one.confirm(10_000);
    expect([one.mayDecide(3, 9_999), one.mayDecide(3, 10_000)]).toEqual([true, false]);
  });

  it('says how far behind it is', () => {
    const one = held([3]);
    expect(one.list(0)[0]?.lag).toBeNull();
    one.begin(3, RESTORED);
    one.note(3, { nextOffset: 5n, endOffset: 12n, newestAgeMs: 0 }, 0);
    one.take(3, 6n);
    expect(one.list(0)).toEqual([{ partition: 3, phase: 'catching-up', nextOffset: 6n, lag: 6n }]);
  });

  it('has another stretch each time that it is read back', () => {
    const one = held([3]);
    const first = one.stretchOf(3);
    one.hold([]);
    expect(one.stretchOf(3)).toBeNull();
    one.hold([3]);
    expect(one.stretchOf(3)).not.toBe(first);
  });
});

describe('a rebalance', () => {
  const lists = array(uniqueArray(integer({ min: 0, max: 7 })), { minLength: 1, maxLength: 20 });

  it('touches no partition that stays', () => {
    fc.assert(
      property(lists, (sequence) => {
        const one = held([]);
        const stretches = new Map<number, string | null>();
        for (const list of sequence) {
          const before = new Map(stretches);
          const { added, dropped } = one.hold(list);
          expect([...added].sort()).toEqual(list.filter((partition) => !before.has(partition)).sort());
          expect([...dropped].sort()).toEqual(
            [...before.keys()].filter((partition) => !list.includes(partition)).sort(),
          );
          for (const partition of dropped) stretches.delete(partition);
          for (const partition of list) {
            if (before.has(partition)) expect(one.stretchOf(partition)).toBe(before.get(partition));
            stretches.set(partition, one.stretchOf(partition));
          }
        }
      }),
    );
  });

  it('lets nothing be decided that is not held, restored, caught up, watched and confirmed', () => {
    const step = oneof(
      record({ what: constantFrom('hold'), list: uniqueArray(integer({ min: 0, max: 2 })) }),
      record({ what: constantFrom('begin'), isRestored: constantFrom(true, false) }),
      record({ what: constantFrom('note'), lag: integer({ min: 0, max: 2 }), age: constantFrom(0, 2 * WATCH_MS) }),
      record({ what: constantFrom('confirm'), ms: integer({ min: 0, max: 20_000 }) }),
      record({ what: constantFrom('time'), ms: integer({ min: 0, max: 2 * WATCH_MS }) }),
    );
    fc.assert(
      property(array(step, { maxLength: 60 }), (steps) => {
        const one = new HeldPartitions({ watchMs: WATCH_MS });
        let nowMs = 0;
        // Partition 0, as it should be.
        let isHeld = false;
        let isRestored = false;
        let caughtUpMs: number | null = null;
        let confirmedMs = 0;
        for (const next of steps) {
          if ('list' in next) {
            one.hold(next.list);
            if (!next.list.includes(0) || !isHeld) [isRestored, caughtUpMs] = [false, null];
            isHeld = next.list.includes(0);
          } else if ('isRestored' in next) {
            one.begin(0, { offset: 0n, isRestored: next.isRestored });
            if (isHeld) isRestored = next.isRestored;
          } else if ('lag' in next) {
            one.note(0, { nextOffset: 1n, endOffset: BigInt(1 + next.lag), newestAgeMs: next.age }, nowMs);
            if (isHeld && next.lag === 0) caughtUpMs ??= nowMs;
            else if (isHeld && next.age > WATCH_MS) caughtUpMs = null;
          } else if (next.what === 'confirm') {
            one.confirm(nowMs + next.ms);
            confirmedMs = Math.max(confirmedMs, nowMs + next.ms);
          } else nowMs += next.ms;
          const isWatched = caughtUpMs !== null && nowMs - caughtUpMs >= WATCH_MS;
          expect(one.mayDecide(0, nowMs)).toBe(isHeld && isRestored && isWatched && nowMs < confirmedMs);
        }
      }),
    );
  });
});

describe('the offset to read from', () => {
  const saved = array(record({ offset: bigInt({ min: 0n, max: 100n }), lastPointMs: integer({ min: 0, max: 100 }) }));

  it('is the earliest of the boots that still report, so that none of them lacks a record', () => {
    fc.assert(
      property(saved, integer({ min: 0, max: 100 }), (boots, sinceMs) => {
        const offset = offsetToReadFrom(boots, sinceMs);
        const reporting = boots.filter(({ lastPointMs }) => lastPointMs >= sinceMs);
        if (reporting.length === 0) expect(offset).toBeNull();
        else expect(reporting.some((boot) => boot.offset === offset)).toBe(true);
        for (const boot of reporting) expect(offset ?? 0n).toBeLessThanOrEqual(boot.offset);
      }),
    );
  });
});
