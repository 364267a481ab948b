import { describe, expect, it } from 'vitest';
import { MEMORY_CLASSES } from '../../../../src/model/decision.ts';
import { nextWords, viewOf } from '../../../../src/page/model/dynos/dyno-view.ts';
import { FOLD_FROM_DYNOS, groupsOf } from '../../../../src/page/model/dynos/groups.ts';
import { matches, SORTS, type SortName } from '../../../../src/page/model/dynos/order.ts';
import { placeItems, visibleItems } from '../../../../src/page/model/dynos/placing.ts';
import type { DynoInList } from '../../../../src/web/schema/dyno.ts';
import { makeStatus } from '../../lab/answers.ts';
import { BLOATED, largeFleet, makeDyno, mb, NOW_MS, smallFleet } from '../../lab/fleet.ts';

const view = (over: Partial<DynoInList> = {}, goneAtMs: number | null = null) =>
  viewOf({ ...makeDyno(over), goneAtMs }, NOW_MS);

describe('a row', () => {
  it.each([
    ['over the quota', { usage_bytes: mb(520) }, 'act'],
    ['about to be restarted', { action: 'restart' }, 'act'],
    ['being restarted', { attempt_id: 'a1' }, 'act'],
    ['leaking', { class: 'leak' }, 'watch'],
    ['over the soft limit', { usage_bytes: mb(420) }, 'watch'],
    ['needing advice', { action: 'advise' }, 'watch'],
    ['healthy', {}, 'ok'],
    ['warming up', { class: 'warming' }, 'quiet'],
    ['silent, whatever it was', { is_stale: true, usage_bytes: mb(520) }, 'quiet'],
  ] as const)('has one tone when it is %s', (_, over, tone) => {
    expect(view(over).tone).toBe(tone);
  });

  it('never differs from another class by colour alone: word and shape differ, too', () => {
    const views = [...MEMORY_CLASSES.map((one) => view({ class: one })), view({ is_stale: true })];
    for (const part of ['word', 'shape'] as const)
      expect(new Set(views.map((one) => one[part])).size).toBe(MEMORY_CLASSES.length + 1);
  });

  it('has a word and a shape for its class, also when it is silent, gone or loaded', () => {
    const words = [view({ class: 'leak' }), view({ is_stale: true }), view({}, 1), view({ reason: 'load' })];
    expect(words.map(({ word }) => word)).toEqual(['leak', 'silent', 'gone', 'healthy, load']);
    expect(new Set(words.map(({ shape }) => shape)).size).toBe(3);
  });

  it('says what is unknown instead of a number', () => {
    const unknown = view({ limit_bytes: null, headroom_bytes: null, active_jobs: null });
    expect(unknown.shareWords).toBe('–');
    expect([unknown.headroomWords, unknown.limitWords]).toEqual(['', 'quota unknown']);
    expect(unknown.jobsWords).toBe('jobs unknown');
  });

  it('says how far over the quota it is', () => {
    expect(view({ headroom_bytes: -mb(12) }).headroomWords).toBe('12 MB over');
  });

  it('says what happens next and by when; of a silent one, how old its numbers are', () => {
    const at_ms = new Date(NOW_MS).setHours(14, 32);
    const now = new Date(NOW_MS).setHours(14, 20);
    const next = { says: 'restart at the next idle moment', at_ms };
    expect(nextWords({ ...makeDyno({ next }), goneAtMs: null }, now)).toBe(
      'Restart at the next idle moment, by 14:32.',
    );
    const silent = { ...makeDyno({ is_stale: true, last_point_ms: NOW_MS - 540_000 }), goneAtMs: null };
    expect(nextWords(silent, NOW_MS)).toBe('Silent for 9 min: these numbers are old.');
  });
});

describe('the order', () => {
  const dynos = [
    view({ dyno: 'worker.10' }),
    view({ dyno: 'worker.2', active_jobs: 9 }),
    view({ dyno: 'worker.3', class: 'leak', time_to_limit_ms: 60_000 }),
    view({ dyno: 'worker.1', usage_bytes: mb(520), time_to_limit_ms: 1000, active_jobs: null }),
  ];
  it.each([
    ['trouble', ['worker.1', 'worker.3', 'worker.2', 'worker.10']],
    ['name', ['worker.1', 'worker.2', 'worker.3', 'worker.10']],
    ['limit', ['worker.1', 'worker.3', 'worker.2', 'worker.10']],
    ['jobs', ['worker.2', 'worker.3', 'worker.10', 'worker.1']],
  ] as const)('by %s', (name: SortName, order) => {
    expect([...dynos].sort(SORTS[name].compare).map(({ dyno }) => dyno.dyno)).toEqual(order);
  });

  it('does not change for a small move of usage', () => {
    const a = view({ dyno: 'worker.1', usage_bytes: mb(300) });
    const b = view({ dyno: 'worker.2', usage_bytes: mb(304) });
    expect([b, a].sort(SORTS.trouble.compare)).toEqual([a, b]);
  });

  it('finds by every word of the filter', () => {
    expect(matches(view({ class: 'leak' }), 'SHOP leak')).toBe(true);
    expect(matches(view(), 'shop leak')).toBe(false);
  });
});

describe('groups', () => {
  const input = (dynos: readonly DynoInList[], over = {}) => ({
    views: dynos.map((dyno) => viewOf({ ...dyno, goneAtMs: null }, NOW_MS)),
    status: makeStatus(dynos),
    compare: SORTS.trouble.compare,
    folds: new Map<string, boolean>(),
    isFiltered: false,
    ...over,
  });
  const well = (count: number) =>
    Array.from({ length: count }, (_, index) => makeDyno({ dyno: `worker.${index}`, boot_id: `${index}` }));

  it('come with the worst dyno first', () => {
    const [first, second] = groupsOf(input([makeDyno({ dyno: 'a.1', process_type: 'a' }), BLOATED]));
    expect([first?.processType, second?.processType]).toEqual(['worker', 'a']);
    expect(first?.summary).toBe('1 dyno, 1 to act on');
    expect(second?.summary).toBe('1 dyno, all well');
  });

  it('fold when all is well, in a fleet of more than a screenful only', () => {
    expect(groupsOf(input(well(FOLD_FROM_DYNOS - 1)))[0]?.isFolded).toBe(false);
    const [folded] = groupsOf(input(well(FOLD_FROM_DYNOS)));
    expect(folded?.isFolded).toBe(true);
    expect(folded?.shown).toEqual([]);
  });

  it('open when one of their dynos is in trouble, or silent', () => {
    expect(groupsOf(input([...well(20), BLOATED]))[0]?.isFolded).toBe(false);
    expect(groupsOf(input([...well(20), makeDyno({ dyno: 'x.1', is_stale: true })]))[0]?.isFolded).toBe(false);
  });

  it('stay as the reader left them, but show what a filter finds', () => {
    const folds = new Map([['shop:worker', true]]);
    expect(groupsOf(input([BLOATED], { folds }))[0]?.isFolded).toBe(true);
    expect(groupsOf(input([BLOATED], { folds, isFiltered: true }))[0]?.isFolded).toBe(false);
  });

  it('say what their dynos share, and when they run more than one release', () => {
    const groups = groupsOf(input(smallFleet()));
    const mailer = groups.find(({ processType }) => processType === 'mailer');
    expect(mailer?.facts).toEqual(['512 MB each', '27 MB per job × 20 jobs', 'glibc, MALLOC_ARENA_MAX 2']);
    expect(mailer?.releases).toBe('v42, v43');
  });
});

describe('places', () => {
  const groups = groupsOf({
    views: largeFleet(500).map((dyno) => viewOf({ ...dyno, goneAtMs: null }, NOW_MS)),
    status: null,
    compare: SORTS.name.compare,
    folds: new Map(),
    isFiltered: true,
  });

  it.each([true, false])('follow each other without a gap (narrow: %s)', (isNarrow) => {
    const items = placeItems(groups, isNarrow);
    expect(items).toHaveLength(510);
    for (const [index, item] of items.entries()) {
      const before = items[index - 1];
      expect(item.top).toBe(before === undefined ? 0 : before.top + before.height);
    }
  });

  it('exist near the window only, and where the focus is', () => {
    const items = placeItems(groups, false);
    const shown = visibleItems(items, 20_000, 800, items[0]?.key ?? null);
    expect(shown.length).toBeLessThan(25);
    expect(shown[0]?.top).toBe(0);
    expect(shown[1]?.top).toBeGreaterThan(19_000);
  });
});
