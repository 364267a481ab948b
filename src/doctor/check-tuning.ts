import type { Boot } from '../detector/boot.ts';
import { formatBytes } from '../model/format.ts';
import type { MemoryTuning } from '../model/point.ts';
import { type Finding, findingsOn } from './finding.ts';

const { ok, warning } = findingsOn('allocator');

/** The part of the quota that the JavaScript heap may have: the rest is for node itself, its threads, Buffers and the allocator. */
const HEAP_FRACTION = 0.75;
const MIB = 1024 ** 2;

/**
 * How the dynos are set up to hold on to memory, as their processes say it, and what a change would do. The doctor's own environment tells
 * nothing of it: it runs in the actuator's app. Pure.
 *
 * @param boots those that report now
 */
export function checkTuning(boots: readonly Boot[]): readonly Finding[] {
  const groups = Map.groupBy(boots.filter(isTold), keyOf);
  return [...groups.values()].flatMap((group) => {
    const [boot] = group;
    if (boot === undefined) return [];
    const who = group.map(({ identity }) => `${identity.app ?? 'unknown app'} ${identity.dyno}`).sort();
    const names = who.length <= MAX_NAMES ? who.join(', ') : `${who[0]} and ${who.length - 1} more`;
    return [judgeAllocator(names, boot.tuning), judgeHeap(names, boot.tuning, limitOf(boot))];
  });
}

const MAX_NAMES = 4;

type ToldBoot = Boot & { readonly tuning: MemoryTuning };

/** Processes with another instrumentation, or an older one of ours, do not tell. */
function isTold(boot: Boot): boot is ToldBoot {
  return boot.tuning !== undefined && boot.tuning !== null;
}

function limitOf({ platformLimitBytes, limitBytes }: Boot): number | null {
  return platformLimitBytes ?? limitBytes;
}

/** Dynos of one target that are set up alike get one pair of findings. */
function keyOf(boot: ToldBoot): string {
  return JSON.stringify([boot.identity.app, boot.identity.processType, boot.tuning, limitOf(boot)]);
}

function judgeAllocator(names: string, { allocator, mallocArenaMax }: MemoryTuning): Finding {
  if (allocator === 'glibc') {
    if (mallocArenaMax !== null) return ok(`${names}: glibc's malloc, MALLOC_ARENA_MAX=${mallocArenaMax}. ${JEMALLOC}`);
    return ok(`${names}: glibc's malloc, no MALLOC_ARENA_MAX. ${ARENAS}; ${JEMALLOC}`);
  }
  if (allocator === null) return ok(`${names}: which allocator they use cannot be seen`);
  if (mallocArenaMax !== null) {
    const advice = 'remove it, or the preloaded allocator';
    return warning(
      `${names}: MALLOC_ARENA_MAX=${mallocArenaMax} does nothing, only glibc reads it; they use ${allocator}`,
      advice,
    );
  }
  return ok(`${names}: ${allocator}; ${HELD}`);
}

/** As measured by bench/allocators.ts; docs/instrumentation.md has the table. */
const ARENAS =
  'MALLOC_ARENA_MAX=2 would cap the arenas of its threads, and changes little where the main thread allocates';
const JEMALLOC = 'jemalloc would give part of what Buffers leave behind back, while jobs go on';
const HELD = 'what the application holds, and the JavaScript heap, it gives back no better';

function judgeHeap(
  names: string,
  { heapLimitBytes, isHeapLimitSet }: MemoryTuning,
  limitBytes: number | null,
): Finding {
  const heap = `V8 may grow its heap to ${formatBytes(heapLimitBytes)}`;
  const how = isHeapLimitSet ? 'as it was told' : 'its own choice';
  if (limitBytes === null) return ok(`${names}: ${heap} (${how}); the quota is not known`);
  if (heapLimitBytes <= limitBytes)
    return ok(`${names}: ${heap} (${how}), within the quota of ${formatBytes(limitBytes)}`);
  const mebibytes = Math.floor((limitBytes * HEAP_FRACTION) / MIB);
  const advice =
    `NODE_OPTIONS=--max-old-space-size=${mebibytes} makes it collect before the quota; a heap that really holds more then ends the ` +
    'process. It bounds garbage alone: Buffers, and what the allocator keeps, are outside';
  return warning(`${names}: ${heap} (${how}), over the quota of ${formatBytes(limitBytes)}`, advice);
}
