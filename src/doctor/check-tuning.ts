import type { Boot } from '../detector/boot/boot.ts';
import type { MemoryTuning } from '../model/point.ts';
import { formatBytes } from '../model/text/format.ts';
import { type Finding, findingsOn } from './finding.ts';

const { ok, warning } = findingsOn('allocator');

/**
 * The fraction of the quota for the JavaScript heap: node itself, its threads, Buffers and the allocator need the rest.
 */
const HEAP_FRACTION = 0.75;
const MIB = 1024 ** 2;

/**
 * How the dynos' processes are set up to hold on to memory, and what a change would do. Taken from what they report:
 * the doctor's own environment is that of the actuator's app. Pure.
 *
 * @param boots those that report now
 */
export function checkTuning(boots: readonly Boot[]): readonly Finding[] {
  const groups = Map.groupBy(boots.filter(reportsTuning), keyOf);
  return [...groups.values()].flatMap((group) => {
    const [boot] = group;
    if (boot === undefined) return [];
    const who = group.map(({ identity }) => `${identity.app ?? 'unknown app'} ${identity.dyno}`).sort();
    const names = who.length <= MAX_NAMES ? who.join(', ') : `${who[0]} and ${who.length - 1} more`;
    return [judgeAllocator(names, boot.tuning), judgeHeap(names, boot.tuning, limitOf(boot))];
  });
}

const MAX_NAMES = 4;

type TunedBoot = Boot & { readonly tuning: MemoryTuning };

/** Processes with another instrumentation, or an older version of ours, do not report it. */
function reportsTuning(boot: Boot): boot is TunedBoot {
  return boot.tuning !== undefined && boot.tuning !== null;
}

function limitOf({ platformLimitBytes, limitBytes }: Boot): number | null {
  return platformLimitBytes ?? limitBytes;
}

/** Dynos of one target with the same set-up share one pair of findings. */
function keyOf(boot: TunedBoot): string {
  return JSON.stringify([boot.identity.app, boot.identity.processType, boot.tuning, limitOf(boot)]);
}

function judgeAllocator(names: string, { allocator, mallocArenaMax }: MemoryTuning): Finding {
  if (allocator === 'glibc') {
    if (mallocArenaMax !== null) return ok(`${names}: glibc's malloc, MALLOC_ARENA_MAX=${mallocArenaMax}. ${JEMALLOC}`);
    return ok(`${names}: glibc's malloc, no MALLOC_ARENA_MAX. ${ARENAS}; ${JEMALLOC}`);
  }
  if (allocator === null) return ok(`${names}: their allocator cannot be determined`);
  if (mallocArenaMax !== null) {
    const advice = 'remove it, or the preloaded allocator';
    return warning(
      `${names}: MALLOC_ARENA_MAX=${mallocArenaMax} has no effect: only glibc reads it, and they use ${allocator}`,
      advice,
    );
  }
  return ok(`${names}: ${allocator}; ${KEPT}`);
}

/** Measured by bench/allocators.ts; docs/instrumentation.md has the table. */
const ARENAS =
  'MALLOC_ARENA_MAX=2 would cap the arenas of its threads, and changes little where the main thread allocates';
const JEMALLOC = 'jemalloc would give back part of what Buffers leave behind, while jobs run';
const KEPT = 'it does not return memory that the application still holds, nor the JavaScript heap';

function judgeHeap(
  names: string,
  { heapLimitBytes, isHeapLimitSet }: MemoryTuning,
  limitBytes: number | null,
): Finding {
  const heap = `V8 may grow its heap to ${formatBytes(heapLimitBytes)}`;
  const how = isHeapLimitSet ? 'as configured' : 'its own choice';
  if (limitBytes === null) return ok(`${names}: ${heap} (${how}); the quota is unknown`);
  if (heapLimitBytes <= limitBytes)
    return ok(`${names}: ${heap} (${how}), within the quota of ${formatBytes(limitBytes)}`);
  const mebibytes = Math.floor((limitBytes * HEAP_FRACTION) / MIB);
  const advice =
    `NODE_OPTIONS=--max-old-space-size=${mebibytes} makes it collect garbage before the quota is reached; a heap ` +
    'that needs more then ' +
    'ends the process. It does not limit Buffers, nor what the allocator keeps';
  return warning(`${names}: ${heap} (${how}), over the quota of ${formatBytes(limitBytes)}`, advice);
}
