import { getHeapStatistics } from 'node:v8';
import { diag } from '@opentelemetry/api';
import type { Procfs } from './procfs.ts';

/** Which library provides the process's `malloc`. */
type Allocator = 'glibc' | 'musl' | 'jemalloc' | 'tcmalloc' | 'mimalloc';

/** Settings, fixed at its start, that decide how long a process keeps memory that it no longer uses. */
export interface ProcessMemoryTuning {
  /** Null if the mapped files do not show it: not Linux, or an allocator that is linked into node itself. */
  readonly allocator: Allocator | null;
  /** `MALLOC_ARENA_MAX` as it is set, or null. Only glibc reads it. */
  readonly mallocArenaMax: string | null;
  /** Bytes to which V8 lets its heap grow before it ends the process. */
  readonly heapLimitBytes: number;
  /** `flag`: it was set; `default`: V8 chose it, by the memory that it detected. */
  readonly heapLimitSource: 'flag' | 'default';
  /**
   * An allocator that `LD_PRELOAD` names but that is not loaded: the path is wrong, and the loader only prints a line.
   */
  readonly failedPreload: Allocator | null;
}

export interface TuningSources {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly procfs: Procfs;
  readonly execArgv?: readonly string[];
  readonly heapLimitBytes?: number;
}

/** By the names of their libraries. Replacements come first: the C library is mapped as well. */
const LIBRARIES: readonly (readonly [Allocator, RegExp])[] = [
  ['jemalloc', /\/libjemalloc[^/]*\.so/],
  ['tcmalloc', /\/libtcmalloc[^/]*\.so/],
  ['mimalloc', /\/libmimalloc[^/]*\.so/],
  ['musl', /\/(?:ld-musl|libc\.musl)-/],
  ['glibc', /\/libc(?:-2\.\d+)?\.so/],
];

/**
 * V8 accepts dashes and underscores, and Node also a percentage of the memory that it detected. `--max-heap-size`
 * covers all spaces.
 */
const HEAP_FLAG = /(?:^|\s|["'])--max[-_](?:old[-_]space|heap)[-_]size(?:[-_]percentage)?(?:[=\s]|$)/;

const MIB = 1024 ** 2;

/** Reads one procfs file, in about 0.1 ms. */
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

/** One line for people who have turned on OpenTelemetry's diagnostics; `tidemark doctor` explains it. */
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
