import { describe, expect, it } from 'vitest';
import { defaultPolicy } from '../../src/config/policy.ts';
import { type Boot, noteLimit, observe, openBoot } from '../../src/detector/boot/boot.ts';
import { checkTuning } from '../../src/doctor/check-tuning.ts';
import type { MemoryTuning, Point } from '../../src/model/point.ts';
import { WHOLE_POINT } from '../sources/otlp/senders/requests.ts';

const MIB = 1024 ** 2;
const PLAIN: MemoryTuning = {
  allocator: 'glibc',
  mallocArenaMax: null,
  heapLimitBytes: 259 * MIB,
  isHeapLimitSet: true,
};

interface Case {
  readonly tuning: Partial<MemoryTuning> | null;
  readonly dyno?: string;
  readonly limitBytes?: number | null;
  readonly processRole?: Point['processRole'];
}

function bootOf({ tuning, dyno = 'worker.1', limitBytes = 512 * MIB, processRole = 'main' }: Case): Boot {
  const point: Point = {
    ...WHOLE_POINT,
    processRole,
    boot: { ...WHOLE_POINT.boot, dyno, bootId: dyno },
    limitBytes,
    tuning: tuning === null ? null : { ...PLAIN, ...tuning },
  };
  return observe(openBoot(point), point, defaultPolicy());
}

const check = (...cases: Case[]) => checkTuning(cases.map(bootOf));

describe('the check of the allocator', () => {
  it.each<[string, Case, string, RegExp]>([
    ['plain glibc', { tuning: {} }, 'ok', /glibc's malloc, no MALLOC_ARENA_MAX/],
    ['capped arenas', { tuning: { mallocArenaMax: '2' } }, 'ok', /MALLOC_ARENA_MAX=2/],
    ['jemalloc', { tuning: { allocator: 'jemalloc' } }, 'ok', /: jemalloc/],
    [
      'arenas of another allocator',
      { tuning: { allocator: 'jemalloc', mallocArenaMax: '2' } },
      'warning',
      /has no effect/,
    ],
    ['an unknown allocator', { tuning: { allocator: null } }, 'ok', /cannot be determined/],
  ])('explains %s', (_what, one, level, says) => {
    expect(check(one)[0]).toMatchObject({ level, says: expect.stringMatching(says) });
  });

  it.each<[string, Case, string, RegExp]>([
    ['within the quota', { tuning: {} }, 'ok', /259 MB \(as configured\), within the quota of 512 MB/],
    [
      'over it',
      { tuning: { heapLimitBytes: 4144 * MIB, isHeapLimitSet: false } },
      'warning',
      /4144 MB \(its own choice\), over/,
    ],
    ['of an unknown quota', { tuning: {}, limitBytes: null }, 'ok', /the quota is unknown/],
  ])('assesses a heap %s', (_what, one, level, says) => {
    expect(check(one)[1]).toMatchObject({ level, says: expect.stringMatching(says) });
  });

  it('names the flag that fits the quota', () => {
    expect(check({ tuning: { heapLimitBytes: 4144 * MIB } })[1]?.advice).toContain('--max-old-space-size=384');
  });

  it("goes by the platform's quota when it is known", () => {
    const boot = bootOf({ tuning: {}, limitBytes: null });
    noteLimit(boot, 256 * MIB);
    expect(checkTuning([boot])[1]).toMatchObject({
      level: 'warning',
      says: expect.stringContaining('quota of 256 MB'),
    });
  });

  it('says the same of dynos that are set up alike once', () => {
    const dynos = Array.from({ length: 6 }, (_, index) => ({ tuning: {}, dyno: `worker.${index + 1}` }));
    expect(check(...dynos.slice(0, 2)).map(({ says }) => says.split(':')[0])).toEqual([
      'shop worker.1, shop worker.2',
      'shop worker.1, shop worker.2',
    ]);
    expect(check(...dynos)[0]?.says).toMatch(/^shop worker\.1 and 5 more:/);
    expect(check(...dynos.slice(0, 1), { tuning: { mallocArenaMax: '2' }, dyno: 'worker.2' })).toHaveLength(4);
  });

  it('is silent about dynos that do not report it, and about sandboxes', () => {
    expect(check({ tuning: null }, { tuning: {}, dyno: 'worker.2', processRole: 'sandbox' })).toEqual([]);
  });

  it('is silent about boots that an older version saved', () => {
    const { tuning: _, ...older } = bootOf({ tuning: {} });
    expect(checkTuning([older])).toEqual([]);
  });
});
