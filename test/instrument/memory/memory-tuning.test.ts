import { DiagLogLevel, diag } from '@opentelemetry/api';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { logMemoryTuning, memoryTuning } from '../../../src/instrument/memory/memory-tuning.ts';
import { Procfs } from '../../../src/instrument/memory/procfs.ts';
import { FakeProcfs } from './fake-procfs.ts';

const MIB = 1024 ** 2;
const maps = (...files: string[]) =>
  ['00400000-00b00000 r-xp 00000000 08:01 131 /app/.heroku/node/bin/node', '7ffd-7ffe rw-p 00000000 00:00 0 [stack]']
    .concat(files.map((file) => `7f00-7f01 r-xp 00000000 08:01 132    ${file}`))
    .join('\n');
const GLIBC = '/usr/lib/x86_64-linux-gnu/libc.so.6';
const JEMALLOC = '/app/vendor/jemalloc/lib/libjemalloc.so.2';

let fake: FakeProcfs;
beforeEach(() => {
  fake = new FakeProcfs();
});
afterEach(() => fake.remove());

interface Start {
  readonly env?: Record<string, string>;
  readonly execArgv?: readonly string[];
}

function tuningOf({ env = {}, execArgv = [] }: Start = {}) {
  return memoryTuning({ env, procfs: new Procfs(fake.root), execArgv, heapLimitBytes: 4144 * MIB });
}

describe('the allocator', () => {
  it.each([
    ['glibc', [GLIBC], 'glibc'],
    ['an older glibc', ['/lib/x86_64-linux-gnu/libc-2.31.so'], 'glibc'],
    ['musl', ['/lib/ld-musl-x86_64.so.1'], 'musl'],
    ['jemalloc, next to the C library', [GLIBC, JEMALLOC], 'jemalloc'],
    ['tcmalloc', ['/usr/lib/libtcmalloc_minimal.so.4', GLIBC], 'tcmalloc'],
    ['mimalloc', ['/usr/lib/libmimalloc.so.2.1', GLIBC], 'mimalloc'],
    ['none that is known', ['/usr/lib/libcurl.so.4'], null],
  ])('is seen in the mapped files: %s', (_what, files, allocator) => {
    fake.files('self', { maps: maps(...files) });
    expect(tuningOf()).toMatchObject({ allocator, failedPreload: null });
  });

  it('is unknown without procfs', () => {
    expect(tuningOf({ env: { LD_PRELOAD: JEMALLOC } })).toMatchObject({ allocator: null, failedPreload: null });
  });

  it('that LD_PRELOAD names and that is not there is reported', () => {
    fake.files('self', { maps: maps(GLIBC) });
    expect(tuningOf({ env: { LD_PRELOAD: JEMALLOC } })).toMatchObject({
      allocator: 'glibc',
      failedPreload: 'jemalloc',
    });
    fake.files('self', { maps: maps(GLIBC, JEMALLOC) });
    expect(tuningOf({ env: { LD_PRELOAD: JEMALLOC } })).toMatchObject({ allocator: 'jemalloc', failedPreload: null });
  });

  it('of this very process is found when procfs is the real one', () => {
    const { allocator, heapLimitBytes } = memoryTuning({ env: {}, procfs: new Procfs() });
    expect(['glibc', 'musl', 'jemalloc', 'tcmalloc', 'mimalloc']).toContain(allocator);
    expect(heapLimitBytes).toBeGreaterThan(MIB);
  });
});

describe('the limit of the heap', () => {
  it.each<[string, Start, 'flag' | 'default']>([
    ['nothing', {}, 'default'],
    ['a flag of node', { execArgv: ['--max-old-space-size=300'] }, 'flag'],
    ["V8's own spelling", { execArgv: ['--max_old_space_size=300'] }, 'flag'],
    ['a percentage', { execArgv: ['--max-old-space-size-percentage=60'] }, 'flag'],
    ['two words', { execArgv: ['--import', 'x', '--max-old-space-size', '300'] }, 'flag'],
    ['NODE_OPTIONS', { env: { NODE_OPTIONS: '--import tidemark/register --max-old-space-size=300' } }, 'flag'],
    ['the semi-space', { env: { NODE_OPTIONS: '--max-semi-space-size=64' } }, 'default'],
    ["a variable that is not node's", { env: { MAX_OLD_SPACE_SIZE: '300' } }, 'default'],
  ])('is set by %s', (_what, start, heapLimitSource) => {
    expect(tuningOf(start)).toMatchObject({ heapLimitSource, heapLimitBytes: 4144 * MIB });
  });
});

describe('the log', () => {
  const info = vi.fn();
  const warn = vi.fn();
  const ignore = () => {};
  beforeEach(() => {
    diag.setLogger(
      { info, warn, error: ignore, debug: ignore, verbose: ignore },
      { logLevel: DiagLogLevel.ALL, suppressOverrideMessage: true },
    );
    info.mockClear();
    warn.mockClear();
  });
  afterEach(() => diag.disable());

  it('has one line of it', () => {
    fake.files('self', { maps: maps(GLIBC) });
    logMemoryTuning(tuningOf({ env: { MALLOC_ARENA_MAX: '2' } }), 512 * MIB);
    expect(info.mock.calls).toEqual([
      ['tidemark: allocator glibc, MALLOC_ARENA_MAX 2, V8 heap up to 4144 MiB (default), quota 512 MiB'],
    ]);
    expect(warn).not.toHaveBeenCalled();
  });

  it('warns of an allocator that was meant to be there', () => {
    fake.files('self', { maps: maps(GLIBC) });
    logMemoryTuning(tuningOf({ env: { LD_PRELOAD: JEMALLOC } }), null);
    expect(info.mock.calls[0]?.[0]).toContain(
      'MALLOC_ARENA_MAX not set, V8 heap up to 4144 MiB (default), quota unknown',
    );
    expect(warn.mock.calls).toEqual([['tidemark: LD_PRELOAD names jemalloc, which is not loaded']]);
  });
});
