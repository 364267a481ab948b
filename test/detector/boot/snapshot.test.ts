import { describe, expect, it } from 'vitest';
import { openBoot } from '../../../src/detector/boot/boot.ts';
import { earlierEntry, readSnapshot, writeSnapshot } from '../../../src/detector/boot/snapshot.ts';
import { WHOLE_POINT } from '../../sources/otlp/requests.ts';

describe('a snapshot', () => {
  it.each([null, '1767323045678-3'])('comes back as it was written, with the entry %j', (pointsId) => {
    const snapshot = { boot: openBoot(WHOLE_POINT), pointsId };
    expect(readSnapshot(writeSnapshot(snapshot))).toEqual(snapshot);
  });

  it.each(['', 'nonsense', 'null', '7', '{}', '{"boot":{"version":99}}', '{"boot":null}'])(
    'is not made of %j',
    (json) => {
      expect(readSnapshot(json)).toBeNull();
    },
  );
});

describe('the entry up to which a snapshot holds everything', () => {
  it.each([
    ['1767323045678-3', '1767323045678-3'],
    ['9999999999999-0', null],
    ['99999999999999999999-0', null],
    ['nonsense', null],
    [7, null],
  ])('%j is read as %j: from one of the future on, nothing would be read', (pointsId, expected) => {
    const json = JSON.stringify({ boot: openBoot(WHOLE_POINT), pointsId });
    expect(readSnapshot(json, WHOLE_POINT.timeMs + 60_000)?.pointsId).toBe(expected);
  });

  it('is of no use in a text of a megabyte', () => {
    const snapshot = writeSnapshot({ boot: openBoot(WHOLE_POINT), pointsId: null });
    expect(readSnapshot(snapshot + ' '.repeat(1_000_000))).toBeNull();
  });
});

describe('the earlier entry', () => {
  it.each([
    [null, null, null],
    ['5-0', null, '5-0'],
    [null, '5-0', '5-0'],
    ['9-0', '10-0', '9-0'],
    ['10-0', '9-7', '9-7'],
    ['5-2', '5-10', '5-2'],
    ['5-10', '5-2', '5-2'],
  ])('of %j and %j is %j', (a, b, earlier) => {
    expect(earlierEntry(a, b)).toBe(earlier);
  });
});
