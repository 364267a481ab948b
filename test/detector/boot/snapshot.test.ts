import { describe, expect, it } from 'vitest';
import { defaultPolicy } from '../../../src/config/policy.ts';
import { observe, openBoot } from '../../../src/detector/boot/boot.ts';
import { earlierEntry, readSnapshot, writeSnapshot } from '../../../src/detector/boot/snapshot.ts';
import { T0, WHOLE_POINT } from '../../sources/otlp/senders/requests.ts';

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

describe('a snapshot that something else wrote', () => {
  const whole = writeSnapshot({ boot: openBoot(WHOLE_POINT), pointsId: null, place: null });
  const withField = (json: string) => whole.replace('"identity":{', `"identity":{"more":${json},`);

  it('is none where it is nested deeper than the stack: it could not be written again', () => {
    const deep = '['.repeat(20_000) + ']'.repeat(20_000);
    expect(readSnapshot(withField(deep))).toBeNull();
    expect(readSnapshot(whole.replace('"pointsId"', `"more":${deep},"pointsId"`))).toBeNull();
    expect(readSnapshot(withField('[[[[1]]]]'))).not.toBeNull();
  });

  it('is none where it is a text that does not end, which is seen at once', { timeout: 3_000 }, () => {
    expect(readSnapshot('\\"'.repeat(80_000))).toBeNull();
    expect(readSnapshot(`"${'\\"'.repeat(80_000)}`)).toBeNull();
    expect(readSnapshot(`{"boot":"${'\\\n"'.repeat(50_000)}`)).toBeNull();
  });

  it('may have brackets and quotes in its names', () => {
    const { boot } = WHOLE_POINT;
    const odd = { ...WHOLE_POINT, boot: { ...boot, dyno: `${'[{"'.repeat(40)}\\` } };
    const snapshot = { boot: openBoot(odd), pointsId: null, place: null };
    expect(readSnapshot(writeSnapshot(snapshot))).toEqual(snapshot);
  });

  it('is none where it holds far more than the boot: it would be kept with it', () => {
    expect(readSnapshot(withField(JSON.stringify('x'.repeat(100_000))))).toBeNull();
    expect(readSnapshot(withField(JSON.stringify('x'.repeat(10_000))))).not.toBeNull();
  });
});

it('the largest snapshot of a boot comes back', () => {
  // Of 128 bytes, each of which JSON writes as six.
  const name = (index: number) => `${index}`.padEnd(128, '\u0001');
  const policy = defaultPolicy();
  const point = (index: number, timeMs: number) => ({ ...WHOLE_POINT, timeMs, processId: name(index) });
  let boot = openBoot(point(0, T0));
  for (let second = 0; second < 5000; second++) {
    const rssBytes = 1e8 + ((second * 7919) % 1e6) / 7;
    boot = observe(boot, { ...point(second % 64, T0 + second * 1000), rssBytes, treeResidentBytes: null }, policy);
  }
  expect(boot.processes).toHaveLength(64);
  const json = writeSnapshot({ boot, pointsId: null, place: null });
  expect(json.length).toBeGreaterThan(60_000);
  expect(readSnapshot(json)).not.toBeNull();
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
