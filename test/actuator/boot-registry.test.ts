import { describe, expect, it } from 'vitest';
import { BootRegistry } from '../../src/actuator/boot-registry.ts';
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
