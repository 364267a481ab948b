import { describe, expect, it } from 'vitest';
import { openBoot } from '../../../src/detector/boot/boot.ts';
import { earlierEntry, readSnapshot, writeSnapshot } from '../../../src/detector/boot/snapshot.ts';
import { WHOLE_POINT } from '../../sources/otlp/senders/requests.ts';

describe('a snapshot', () => {
  it.each([null, '1767323045678-3'])('comes back as it was written, with the entry %j', (pointsId) => {
    const snapshot = { boot: openBoot(WHOLE_POINT), pointsId, place: null };
    expect(readSnapshot(writeSnapshot(snapshot))).toEqual(snapshot);
  });

  it('comes back with its place in a partition, beyond what a double holds', () => {
    const place = { partition: 3, offset: '9007199254740993' };
    expect(readSnapshot(writeSnapshot({ boot: openBoot(WHOLE_POINT), pointsId: null, place }))?.place).toEqual(place);
  });

  it.each([7, {}, { partition: 3, offset: -1 }, { partition: 3.5, offset: '1' }, { partition: 3, offset: '-1' }])(
    'has no place where it says %j',
    (place) => {
      const json = JSON.stringify({ boot: openBoot(WHOLE_POINT), pointsId: null, place });
      expect(readSnapshot(json)).toMatchObject({ place: null });
    },
  );

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
    const snapshot = writeSnapshot({ boot: openBoot(WHOLE_POINT), pointsId: null, place: null });
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
