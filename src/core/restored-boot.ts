import { type Boot, type ProcessState, SNAPSHOT_VERSION } from './boot.ts';
import { Curve } from './curve.ts';
import type { BootIdentity, MemoryTuning } from './point.ts';

/**
 * A boot from what its snapshot held. Null where it is none, of another version, or damaged: it comes from outside, and what is wrong in it would be
 * met only later, by the loop that decides.
 */
export function restoreBoot(value: unknown): Boot | null {
  if (!isRecord(value) || value.version !== SNAPSHOT_VERSION) return null;
  const boot = value as unknown as Boot;
  const isWhole =
    isIdentity(boot.identity) &&
    isNumber(boot.firstPointMs) &&
    isNumber(boot.lastPointMs) &&
    BOOT_NUMBERS.every((name) => isNumberOrNull(boot[name])) &&
    Array.isArray(boot.processes) &&
    boot.processes.every(isProcess) &&
    // Absent in snapshots of older versions.
    (boot.tuning === undefined || boot.tuning === null || isTuning(boot.tuning));
  if (!isWhole) return null;
  const curve = boot.curve === null ? null : Curve.restore(boot.curve);
  return boot.curve !== null && curve === null ? null : { ...boot, curve };
}

const BOOT_NUMBERS = ['usageBytes', 'limitBytes', 'platformLimitBytes', 'activeJobs', 'completedJobs'] as const;
const PROCESS_NUMBERS = ['rssBytes', 'treeBytes', 'activeJobs', 'completedJobs'] as const;

function isIdentity(value: unknown): value is BootIdentity {
  if (!isRecord(value)) return false;
  const { app, dyno, processType, bootId, bootIdSource, startTimeMs, release } = value;
  return (
    isTextOrNull(app) &&
    isText(dyno) &&
    isText(processType) &&
    isText(bootId) &&
    (bootIdSource === 'platform' || bootIdSource === 'derived') &&
    isNumberOrNull(startTimeMs) &&
    isTextOrNull(release)
  );
}

function isProcess(value: unknown): value is ProcessState {
  if (!isRecord(value)) return false;
  return (
    isText(value.processId) && isNumber(value.timeMs) && PROCESS_NUMBERS.every((name) => isNumberOrNull(value[name]))
  );
}

function isTuning(value: unknown): value is MemoryTuning {
  if (!isRecord(value)) return false;
  const { allocator, mallocArenaMax, heapLimitBytes, isHeapLimitSet } = value;
  return (
    isTextOrNull(allocator) &&
    isTextOrNull(mallocArenaMax) &&
    isNumber(heapLimitBytes) &&
    typeof isHeapLimitSet === 'boolean'
  );
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

function isText(value: unknown): value is string {
  return typeof value === 'string';
}

function isTextOrNull(value: unknown): value is string | null {
  return value === null || isText(value);
}

function isNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}

function isNumberOrNull(value: unknown): value is number | null {
  return value === null || isNumber(value);
}
