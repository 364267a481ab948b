import { describe, expect, it } from 'vitest';
import { BYTES_PER_BOOT, bootBytesFor } from '../../src/actuator/boot-places.ts';
import { BootRegistry } from '../../src/actuator/boot-registry.ts';
import { defaultPolicy } from '../../src/config/policy.ts';
import { type Boot, openBoot } from '../../src/detector/boot/boot.ts';
import { atOnce } from '../models/at-once.ts';
import { WHOLE_POINT } from '../sources/otlp/senders/requests.ts';

const POLICY = defaultPolicy(60_000);

function boot(firstPointMs: number, lastPointMs: number): Boot {
  return { ...openBoot(WHOLE_POINT), firstPointMs, lastPointMs };
}

describe('the boots of a registry', () => {
  const point = (identity: object) => ({ ...WHOLE_POINT, boot: { ...WHOLE_POINT.boot, ...identity } });

  it('are kept apart by name when two dynos report under one id', () => {
    const registry = new BootRegistry(POLICY);
    registry.accept([point({ dyno: 'worker.1' }), point({ dyno: 'worker.2' })]);
    expect(registry.entries().map(({ boot }) => boot.identity.dyno)).toEqual(['worker.1', 'worker.2']);
    expect(registry.find('shop', { dyno: 'worker.2', bootId: 'boot-1' })?.boot.identity.dyno).toBe('worker.2');
    expect(registry.find('other', { dyno: 'worker.2', bootId: 'boot-1' })).toBeNull();
  });

  it('answer for a name with the one that the platform lists, and else with the newest', () => {
    const registry = new BootRegistry(POLICY);
    registry.accept([point({ bootId: 'real' }), { ...point({ bootId: 'ghost' }), timeMs: WHOLE_POINT.timeMs + 1 }]);
    expect(registry.newestOf('shop', 'worker.1')?.boot.identity.bootId).toBe('ghost');
    const [real] = registry.entries();
    if (real === undefined) throw new Error('no boot');
    const dyno = { id: 'real', name: 'worker.1', processType: 'worker', state: 'up', createdAtMs: 0 };
    real.listing = { kind: 'listed', dyno: { ...dyno, size: null, releaseVersion: null } };
    expect(registry.newestOf('shop', 'worker.1')).toBe(real);
  });
});

describe('the targets of a registry', () => {
  const point = (identity: object) => ({ ...WHOLE_POINT, boot: { ...WHOLE_POINT.boot, ...identity } });

  it('are those that its boots say they are of, as they come, change and go', () => {
    const registry = new BootRegistry(POLICY);
    registry.accept([point({ dyno: 'worker.1' }), point({ dyno: 'worker.2' }), point({ app: null })]);
    expect(registry.targets()).toEqual([{ app: 'shop', processType: 'worker' }]);
    registry.accept([{ ...point({ dyno: 'worker.2', processType: 'mailer' }), timeMs: WHOLE_POINT.timeMs + 1 }]);
    expect(registry.targets().map(({ processType }) => processType)).toEqual(['worker', 'mailer']);
    registry.release('shop', ({ processType }) => processType === 'worker');
    expect(registry.targets()).toEqual([{ app: 'shop', processType: 'mailer' }]);
    for (const app of ['shop', null]) registry.release(app, () => true);
    expect(registry.targets()).toEqual([]);
    expect(registry.byApp()).toEqual([]);
  });
});

describe('a silent boot', () => {
  const later = WHOLE_POINT.timeMs + 20 * POLICY.windowMs;
  const point = (bootId: string, timeMs: number) => ({
    ...WHOLE_POINT,
    timeMs,
    boot: { ...WHOLE_POINT.boot, bootId },
  });
  const dyno = {
    id: 'b',
    name: 'worker.1',
    processType: 'worker',
    state: 'up',
    createdAtMs: 0,
    size: null,
    releaseVersion: null,
  };

  it.each([
    ['is over where the platform lists its successor', { kind: 'listed', dyno }, ['b']],
    ['is over where nobody can say which boot the dyno is', null, ['b']],
    [
      'is kept where the newer one is not listed: it may be the dyno, and the newer one a stranger',
      { kind: 'unlisted', reason: 'boot-not-listed', says: '' },
      ['a', 'b'],
    ],
  ] as const)('%s', (_, listing, left) => {
    const registry = new BootRegistry(POLICY);
    registry.accept([point('a', WHOLE_POINT.timeMs), point('b', later)]);
    const newer = registry.find('shop', { dyno: 'worker.1', bootId: 'b' });
    if (newer === null) throw new Error('no boot');
    newer.listing = listing;
    atOnce(registry.prune(later, () => {}));
    expect(registry.entries().map((entry) => entry.boot.identity.bootId)).toEqual(left);
  });
});

describe('a snapshot that an actuator takes up', () => {
  it.each([
    ['a boot that it does not know', null, boot(10, 20), true],
    ['one that it has seen only the end of', boot(15, 30), boot(10, 20), true],
    ['one that it knows as of its own start, an hour ago', boot(10, 15), boot(10, 20), true],
    ['one of which it has seen more', boot(10, 30), boot(10, 20), false],
    ['one that it has seen from an earlier time on', boot(5, 15), boot(10, 20), false],
  ])('is %s: %j by %j, %j', (_what, known, snapshot, adopted) => {
    const registry = new BootRegistry(POLICY);
    if (known !== null) registry.adopt(known);
    expect(registry.adopt(snapshot)).toBe(adopted);
    expect(registry.entries().map((entry) => entry.boot)).toEqual([adopted ? snapshot : known]);
  });
});

describe('boots beyond what is kept', () => {
  const NOW = WHOLE_POINT.timeMs;
  const SILENT = NOW + 20 * POLICY.windowMs;
  const sender = (id: string, speaksForAll = false) => ({ id, speaksForAll });
  const A = sender('a');
  const ALL = sender('collector', true);

  function world() {
    const registry = new BootRegistry(POLICY, 8 * BYTES_PER_BOOT);
    const report = (app: string, dyno: string, from = A, timeMs = NOW) => {
      const boot = { ...WHOLE_POINT.boot, app, dyno };
      const hasRoom = registry.hasRoomFor(boot, from, timeMs);
      if (hasRoom) registry.accept([{ ...WHOLE_POINT, boot, timeMs }]);
      return hasRoom;
    };
    const kept = () => registry.entries().map(({ boot }) => `${boot.identity.app} ${boot.identity.dyno}`);
    return { registry, report, kept };
  }

  it('are taken from one app as long as there is room, and then refused, and those that are known go on', () => {
    const { report, kept } = world();
    const reports = Array.from({ length: 10 }, (_, index) => report('a1', `w.${index}`));
    expect(reports).toEqual([true, true, true, true, true, true, true, true, false, false]);
    expect(report('a1', 'w.0')).toBe(true);
    expect(kept()).toHaveLength(8);
  });

  it('take the place of the most silent of the same token, and of no token with fewer', () => {
    const { registry, report, kept } = world();
    for (let index = 0; index < 7; index++) report('a1', `w.${index}`, A, NOW + index);
    report('quiet', 'w.1', ALL, NOW - 1);
    report('a1', 'w.0', A, SILENT);
    expect(report('a1', 'w.9', A, SILENT)).toBe(true);
    expect(kept()).toContain('quiet w.1');
    expect(kept()).not.toContain('a1 w.1');
    const gone: string[] = [];
    atOnce(registry.prune(SILENT, (key) => gone.push(key)));
    expect(gone).toEqual(['a1|w.1|boot-1']);
  });

  it('take the place of boots that report where their owner has the most, until both have the same', () => {
    const { report, kept } = world();
    for (let index = 0; index < 8; index++) report(`flood-${index}`, 'w.1', A, NOW + index);
    const late = Array.from({ length: 6 }, (_, index) => report('shop', `w.${index}`, ALL, NOW + 100));
    expect(late).toEqual([true, true, true, true, false, false]);
    expect(kept()).not.toContain('flood-3 w.1');
    expect(kept()).toContain('flood-4 w.1');
    expect(report('flood-9', 'w.1', A, NOW + 100)).toBe(false);
    expect(report('third', 'w.1', ALL, NOW + 100)).toBe(true);
  });

  it('count for the token of their own app, whoever reported them first', () => {
    const { report } = world();
    for (let index = 0; index < 8; index++) report(`shop-${index}`, 'w.1', ALL);
    for (let index = 0; index < 8; index++) expect(report(`shop-${index}`, 'w.1')).toBe(true);
    expect(report('late', 'w.1', ALL)).toBe(true);
    expect(report('shop-9', 'w.1', A)).toBe(false);
  });

  it('weigh what their processes weigh', () => {
    const { registry, report, kept } = world();
    report('shop', 'w.1', ALL);
    for (let index = 0; index < 7; index++) report('a1', `w.${index}`);
    const boot = { ...WHOLE_POINT.boot, app: 'a1', dyno: 'w.6' };
    registry.accept(Array.from({ length: 60 }, (_, index) => ({ ...WHOLE_POINT, boot, processId: `fork-${index}` })));
    expect(kept()).toEqual(['shop w.1', 'a1 w.4', 'a1 w.5', 'a1 w.6']);
  });

  it('give their place back where no point follows', () => {
    const { registry, report } = world();
    for (let index = 0; index < 8; index++)
      expect(registry.hasRoomFor({ ...WHOLE_POINT.boot, app: 'a1', dyno: `w.${index}` }, A, NOW)).toBe(true);
    expect(report('a1', 'w.9')).toBe(false);
    atOnce(registry.prune(NOW + 120_000, () => {}));
    expect(report('a1', 'w.9')).toBe(true);
  });

  it('are few under one name, and the one that the platform lists stays', () => {
    const registry = new BootRegistry(POLICY);
    const named = (bootId: string, timeMs: number) => ({
      ...WHOLE_POINT,
      timeMs,
      boot: { ...WHOLE_POINT.boot, bootId },
    });
    registry.accept([named('real', NOW)]);
    const real = registry.entries()[0];
    if (real === undefined) throw new Error('no boot');
    const dyno = { id: 'real', name: 'worker.1', processType: 'worker', state: 'up', createdAtMs: 0 };
    real.listing = { kind: 'listed', dyno: { ...dyno, size: null, releaseVersion: null } };
    registry.accept(Array.from({ length: 500 }, (_, index) => named(`ghost-${index}`, NOW + index)));
    expect(registry.size).toBe(32);
    expect(registry.newestOf('shop', 'worker.1')).toBe(real);
  });

  it('are as many as a part of the heap holds', () => {
    const boots = bootBytesFor(300 * 1024 ** 2) / BYTES_PER_BOOT;
    expect(boots).toBeGreaterThan(5_000);
    expect(boots).toBeLessThan(7_000);
  });
});
