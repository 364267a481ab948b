import { describe, expect, it } from 'vitest';
import { type BootMark, findListings, isSameBoot, type KnownBoot, type ListedDyno } from '../../src/model/listing.ts';
import type { BootIdentity } from '../../src/model/point.ts';
import { atOnce } from '../models/at-once.ts';

const START = 1_700_000_000_000;
const NOW = START + 3_600_000;
const MINUTE = 60_000;
const boot: BootMark = { dyno: 'worker.1', bootId: 'a', bootIdSource: 'platform', startTimeMs: START };
const derived: BootMark = { ...boot, bootIdSource: 'derived' };

describe('the same boot', () => {
  it.each<[string, BootMark, { id?: string; name?: string; createdAtMs?: number }, boolean]>([
    ['equal ids', boot, {}, true],
    ['another id', boot, { id: 'b' }, false],
    ['equal ids, another name', boot, { name: 'worker.2' }, false],
    ['a boot without a name', { ...boot, dyno: '' }, { name: '' }, false],
    ['a derived id, created before the start', derived, { id: 'b', createdAtMs: START - 5_000 }, true],
    ['a derived id, created within the slack', derived, { id: 'b', createdAtMs: START + MINUTE }, true],
    ['a derived id, created later', derived, { id: 'b', createdAtMs: START + MINUTE + 1 }, false],
    [
      'a derived id, created ten minutes before the start',
      derived,
      { id: 'b', createdAtMs: START - 10 * MINUTE },
      true,
    ],
    ['a derived id, created long before the start', derived, { id: 'b', createdAtMs: START - 10 * MINUTE - 1 }, false],
    ['a derived id, start unknown', { ...derived, startTimeMs: null }, { id: 'b' }, false],
    ['a derived id that happens to be equal, created later', derived, { createdAtMs: START + 90_000 }, false],
    [
      'a derived id, a start in the future',
      { ...derived, startTimeMs: NOW + MINUTE + 1 },
      { id: 'b', createdAtMs: NOW },
      false,
    ],
  ])('%s', (_, mark, changes, expected) => {
    expect(isSameBoot(mark, { id: 'a', name: 'worker.1', createdAtMs: START, ...changes }, NOW)).toBe(expected);
  });
});

const listed: ListedDyno = { id: 'p1', name: 'worker.1', processType: 'worker', state: 'up', createdAtMs: START };
const IDENTITY: BootIdentity = {
  app: 'shop',
  dyno: 'worker.1',
  processType: 'worker',
  bootId: 'p1',
  bootIdSource: 'platform',
  startTimeMs: START + 5_000,
  release: null,
};

function known(identity: Partial<BootIdentity> = {}, fromMs = START, toMs = NOW): KnownBoot {
  return { identity: { ...IDENTITY, ...identity }, firstPointMs: fromMs, lastPointMs: toMs };
}
const foreign: Partial<BootIdentity> = { bootId: 'd1', bootIdSource: 'derived' };

function kinds(boots: readonly KnownBoot[], dynos: readonly ListedDyno[] | null = [listed]): readonly string[] {
  const at = { nowMs: NOW, silentAfterMs: 600_000 };
  const found = atOnce(findListings(boots, (app) => (app === 'shop' ? dynos : null), at));
  return found.map((one) => (one.kind === 'unlisted' ? one.says : one.kind));
}

describe('how boots stand in the listing', () => {
  it('acts on no boot whose id another dyno reports under, until that one has long been silent', () => {
    const stray = { dyno: 'web.9', processType: 'web' };
    expect(kinds([known(), known(stray, NOW - 60_000, NOW - 60_000)])[0]).toContain(
      'web.9 reports under the same dyno id',
    );
    expect(kinds([known({}, START), known(stray, NOW - 700_000, NOW - 700_000)])[0]).toBe('listed');
  });

  it('takes a boot with a derived id for the dyno that was created when it started', () => {
    expect(kinds([known(foreign)])).toEqual(['listed']);
  });

  it('takes it for another when the dyno reports under its own id, however well the times fit', () => {
    expect(kinds([known(), known(foreign)])).toEqual([
      'listed',
      'The platform does not list this boot: its worker.1 reports under its own id.',
    ]);
    const silentForAnHour = known({}, START, START + 1);
    expect(kinds([known(foreign), silentForAnHour])[0]).toContain('under its own id');
  });

  it('takes neither of two boots with derived ids that lived at the same time for the dyno', () => {
    const other = { ...foreign, bootId: 'd2' };
    expect(kinds([known(foreign), known(other)])).toEqual([
      expect.stringContaining('two boots say that they are its worker.1'),
      expect.stringContaining('two boots say that they are its worker.1'),
    ]);
    const olderBoot = known({ ...other, startTimeMs: START - 3_600_000 });
    expect(kinds([known(foreign), olderBoot])[0]).toBe('listed');
    const endedBefore = known(other, START, START + 10);
    expect(kinds([known(foreign, START + 20), endedBefore])[0]).toBe('listed');
  });

  it.each<[string, Partial<BootIdentity>, string]>([
    ['a name that is not listed', { dyno: 'worker.77' }, 'it has no worker.77'],
    ['another boot of that name', { bootId: 'p0' }, 'its worker.1 is the boot p1'],
    ['another process type', { processType: 'web' }, 'its worker.1 is of the type worker'],
    [
      'a start 20 minutes after the creation',
      { ...foreign, startTimeMs: START + 20 * MINUTE },
      'says it started at 2023',
    ],
    ['no start', { ...foreign, startTimeMs: null }, 'does not say when it started'],
    ['a start that is no date', { ...foreign, startTimeMs: 1e300 }, 'says it started at no time'],
  ])('says why a boot is not listed: %s', (_, identity, why) => {
    expect(kinds([known(identity)])).toEqual([expect.stringContaining(`does not list this boot`)]);
    expect(kinds([known(identity)])[0]).toContain(why);
  });

  it('sets aside all boots of an id that several names report at once, even if the platform lists one', () => {
    const shared = [known(), known({ dyno: 'worker.2' })];
    for (const dynos of [[listed], null]) {
      expect(kinds(shared, dynos)).toEqual([
        expect.stringContaining('worker.2 reports under the same dyno id'),
        expect.stringContaining('worker.1 reports under the same dyno id'),
      ]);
    }
    expect(kinds([known({}, START + 20), known({ dyno: 'worker.2' }, START, START + 10)])[0]).toBe('listed');
  });

  it('keeps apps apart', () => {
    const other = known({ app: 'other', dyno: 'worker.2' });
    expect(kinds([known(), other, known({ app: null })])).toEqual(['listed', 'unread', 'unread']);
  });
});

it('compares a boot with few others, however many share its name or its id', () => {
  const count = 10_000;
  let looks = 0;
  const boots = Array.from({ length: count }, (_, index): KnownBoot => {
    const identity: BootIdentity = {
      app: 'shop',
      get dyno() {
        looks++;
        return index % 2 === 0 ? 'worker.1' : `worker.${index}`;
      },
      processType: 'worker',
      bootId: index % 2 === 0 ? `id-${index}` : 'shared',
      bootIdSource: 'derived',
      startTimeMs: START,
      release: null,
    };
    return {
      identity,
      // Lives that do not overlap: no look ends a comparison early.
      firstPointMs: START + 2 * index,
      lastPointMs: START + 2 * index + 1,
    };
  });
  const listings = atOnce(findListings(boots, () => [listed], { nowMs: NOW, silentAfterMs: 10 * MINUTE }));
  expect(listings).toHaveLength(count);
  expect(looks / count).toBeLessThan(100);
});
