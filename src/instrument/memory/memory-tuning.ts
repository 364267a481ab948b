import { getHeapStatistics } from 'node:v8';
import { diag } from '@opentelemetry/api';
import type { Procfs } from './procfs.ts';

/** Who serves the process's `malloc`. */
type Allocator = 'glibc' | 'musl' | 'jemalloc' | 'tcmalloc' | 'mimalloc';

/** What decides how long a process holds on to memory that it no longer uses; fixed at its start. */
export interface ProcessMemoryTuning {
  /** Null where the mapped files do not tell: no Linux, or an allocator that is linked into node itself. */
  readonly allocator: Allocator | null;
  /** `MALLOC_ARENA_MAX` as it is set, or null. Only glibc reads it. */
  readonly mallocArenaMax: string | null;
  /** What V8 lets its heap grow to before it ends the process. */
  readonly heapLimitBytes: number;
  /** `flag`: somebody has set it; `default`: V8's own choice, from the memory that it believes to have. */
  readonly heapLimitSource: 'flag' | 'default';
  /** An allocator that `LD_PRELOAD` names and that is not there: the path is wrong, and the loader only prints a line. */
  readonly failedPreload: Allocator | null;
}

export interface TuningSources {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly procfs: Procfs;
  readonly execArgv?: readonly string[];
  readonly heapLimitBytes?: number;
}

/** By the names of their libraries. A replacement stands before the C library, which is mapped beside it. */
const LIBRARIES: readonly (readonly [Allocator, RegExp])[] = [
  ['jemalloc', /\/libjemalloc[^/]*\.so/],
  ['tcmalloc', /\/libtcmalloc[^/]*\.so/],
  ['mimalloc', /\/libmimalloc[^/]*\.so/],
  ['musl', /\/(?:ld-musl|libc\.musl)-/],
  ['glibc', /\/libc(?:-2\.\d+)?\.so/],
];

/** V8 takes both spellings, and Node a percentage of the memory that it believes to have; `--max-heap-size` counts all spaces. */
const HEAP_FLAG = /(?:^|\s|["'])--max[-_](?:old[-_]space|heap)[-_]size(?:[-_]percentage)?(?:[=\s]|$)/;

const MIB = 1024 ** 2;

/** Reads one file of procfs, in about 0.1 ms. */
export function memoryTuning({
  env,
  procfs,
  execArgv = process.execArgv,
  heapLimitBytes = getHeapStatistics().heap_size_limit,
}: TuningSources): ProcessMemoryTuning {
  const maps = procfs.ownMaps();
  const allocator = maps === null ? null : libraryIn(maps);
  const preloaded = libraryIn(env.LD_PRELOAD ?? '');
  return {
    allocator,
    mallocArenaMax: env.MALLOC_ARENA_MAX || null,
    heapLimitBytes,
    heapLimitSource: HEAP_FLAG.test([...execArgv, env.NODE_OPTIONS ?? ''].join(' ')) ? 'flag' : 'default',
    failedPreload: maps !== null && preloaded !== allocator ? preloaded : null,
  };
}

/** One line, for whoever has turned OpenTelemetry's diagnostics on; `tidemark doctor` says what each part means. */
export function logMemoryTuning(tuning: ProcessMemoryTuning, limitBytes: number | null): void {
  const { allocator, mallocArenaMax, heapLimitBytes, heapLimitSource, failedPreload } = tuning;
  const parts = [
    `allocator ${allocator ?? 'unknown'}`,
    `MALLOC_ARENA_MAX ${mallocArenaMax ?? 'not set'}`,
    `V8 heap up to ${inMebibytes(heapLimitBytes)} (${heapLimitSource})`,
    `quota ${limitBytes === null ? 'unknown' : inMebibytes(limitBytes)}`,
  ];
  diag.info(`tidemark: ${parts.join(', ')}`);
  if (failedPreload !== null) diag.warn(`tidemark: LD_PRELOAD names ${failedPreload}, which is not loaded`);
}

function libraryIn(text: string): Allocator | null {
  return LIBRARIES.find(([, library]) => library.test(text))?.[0] ?? null;
}

function inMebibytes(bytes: number): string {
  return `${Math.round(bytes / MIB)} MiB`;
}
