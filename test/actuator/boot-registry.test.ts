import { describe, expect, it } from 'vitest';
import { BootRegistry } from '../../src/actuator/boot-registry.ts';
import { bootLimitsFor } from '../../src/actuator/boot-shares.ts';
import { defaultPolicy } from '../../src/config/policy.ts';
import { type Boot, openBoot } from '../../src/detector/boot/boot.ts';
import { WHOLE_POINT } from '../sources/otlp/requests.ts';

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
    registry.prune(later);
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
  const LIMITS = { maxBoots: 8, maxBootsOfToken: 4, maxBootsOfApp: 3 };
  const NOW = WHOLE_POINT.timeMs;
  const SILENT = NOW + 20 * POLICY.windowMs;
  const sender = (id: string, speaksForAll = false) => ({ id, speaksForAll, onlyApp: null, mayDeliver: () => true });
  const A = sender('a');
  const ALL = sender('collector', true);

  function world() {
    const registry = new BootRegistry(POLICY, LIMITS);
    const report = (app: string, dyno: string, from = A, timeMs = NOW) => {
      const boot = { ...WHOLE_POINT.boot, app, dyno };
      const hasRoom = registry.hasRoomFor(boot, from, timeMs);
      if (hasRoom) registry.accept([{ ...WHOLE_POINT, boot, timeMs }]);
      return hasRoom;
    };
    const kept = () => registry.entries().map(({ boot }) => `${boot.identity.app} ${boot.identity.dyno}`);
    return { registry, report, kept };
  }

  it('are refused for an app, for a token and in all, and those that are known go on', () => {
    const { report, kept } = world();
    const apps = ['a1', 'a1', 'a1', 'a1', 'a2', 'a2'];
    expect(apps.map((app, index) => report(app, `w.${index}`))).toEqual([true, true, true, false, true, false]);
    const more = Array.from({ length: 6 }, (_, index) => report(`b${index}`, 'w.1', ALL));
    expect(more).toEqual([true, true, true, true, false, false]);
    expect(report('a1', 'w.0')).toBe(true);
    expect(kept()).toHaveLength(8);
  });

  it('take the place of the most silent of the same app, and of no other', () => {
    const { registry, report, kept } = world();
    for (const dyno of ['w.0', 'w.1', 'w.2']) report('a1', dyno);
    report('quiet', 'w.1', ALL, NOW - 1);
    report('a1', 'w.1', A, SILENT);
    expect(report('a1', 'w.9', A, SILENT)).toBe(true);
    expect(kept()).toEqual(['a1 w.1', 'a1 w.2', 'quiet w.1', 'a1 w.9']);
    expect(registry.prune(SILENT)).toEqual(['a1|w.0|boot-1']);
  });

  it('take the place of boots that report only where their token has less than its share', () => {
    const { report, kept } = world();
    for (let index = 0; index < 8; index++) report(`c${index}`, 'w.1', ALL, NOW + index);
    expect(report('late', 'w.1', A, NOW + 100)).toBe(true);
    expect(kept()).not.toContain('c0 w.1');
    expect(kept()).toContain('late w.1');
    expect(report('c9', 'w.1', ALL, NOW + 100_000)).toBe(false);
  });

  it('give their place back where no point follows', () => {
    const { registry, report } = world();
    for (const dyno of ['w.0', 'w.1', 'w.2'])
      expect(registry.hasRoomFor({ ...WHOLE_POINT.boot, app: 'a1', dyno }, A, NOW)).toBe(true);
    expect(report('a1', 'w.9')).toBe(false);
    registry.prune(NOW + 120_000);
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
    const { maxBoots, maxBootsOfApp, maxBootsOfToken } = bootLimitsFor(300 * 1024 ** 2);
    expect(maxBoots).toBeGreaterThan(10_000);
    expect(maxBoots).toBeLessThan(15_000);
    expect(Math.max(maxBootsOfApp, maxBootsOfToken)).toBeLessThan(maxBoots / 3);
  });
});
