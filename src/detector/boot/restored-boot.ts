import { MEMORY_CLASSES } from '../../model/decision.ts';
import type { BootIdentity, MemoryTuning } from '../../model/point.ts';
import type { Classified } from '../classes/classify.ts';
import { Curve, type CurveState } from '../curve/curve.ts';
import type { Swings } from '../curve/swings.ts';
import { isJobLoad } from '../load/restored-job-load.ts';
import { type Boot, SNAPSHOT_VERSION } from './boot.ts';
import type { ProcessState } from './process-state.ts';
import { MAX_PROCESSES } from './processes.ts';

/** Names come from the measured side, which cuts them far below this. */
const MAX_TEXT_LENGTH = 1024;

/**
 * A boot from what its snapshot held. Null where it is none, of another version, or damaged: it comes from outside, and
 * what is wrong in it would be met only later, by the loop that decides. No time in it may be after `latestMs` (Unix
 * ms): all points would be older, so the boot would stand still.
 */
export function restoreBoot(value: unknown, latestMs = Number.MAX_SAFE_INTEGER): Boot | null {
  if (!isRecord(value) || value.version !== SNAPSHOT_VERSION) return null;
  const boot = value as unknown as Boot;
  const isTime = (time: unknown) => isAmount(time) && time <= latestMs;
  const isWhole =
    isIdentity(boot.identity, latestMs) &&
    isTime(boot.firstPointMs) &&
    isTime(boot.lastPointMs) &&
    (boot.limitAtMs === NEVER || isTime(boot.limitAtMs)) &&
    BOOT_AMOUNTS.every((name) => isAmountOrNull(boot[name])) &&
    Array.isArray(boot.processes) &&
    boot.processes.length <= MAX_PROCESSES &&
    boot.processes.every((process) => isProcess(process, latestMs)) &&
    isJobLoad(boot.jobLoad) &&
    // A mark in the future would never be replaced.
    (boot.jobLoad.oldestMs ?? 0) <= latestMs &&
    (boot.learnedBytesPerJob === null || isFinitely(boot.learnedBytesPerJob)) &&
    isFinitely(boot.perJob) &&
    (boot.classified === null || isClassified(boot.classified, latestMs)) &&
    // Absent in snapshots of older versions.
    (boot.tuning === undefined || boot.tuning === null || isTuning(boot.tuning));
  if (!isWhole) return null;
  const curve = boot.curve === null ? null : restoreCurve(boot.curve, latestMs);
  return boot.curve !== null && curve === null ? null : { ...boot, curve };
}

/** Stands for the time of what was never measured. */
const NEVER = -1;
const BOOT_AMOUNTS = [
  'usageBytes',
  'limitBytes',
  'platformLimitBytes',
  'activeJobs',
  'completedJobs',
  'oldestJobStartMs',
] as const;
const PROCESS_AMOUNTS = [
  'rssBytes',
  'residentBytes',
  'swapBytes',
  'oldestJobStartMs',
  'activeJobs',
  'completedJobs',
  'intervalMs',
] as const;

function isIdentity(value: unknown, latestMs: number): value is BootIdentity {
  if (!isRecord(value)) return false;
  const { app, dyno, processType, bootId, bootIdSource, startTimeMs, release } = value;
  return (
    isTextOrNull(app) &&
    isText(dyno) &&
    isText(processType) &&
    isText(bootId) &&
    (bootIdSource === 'platform' || bootIdSource === 'derived') &&
    (startTimeMs === null || (isAmount(startTimeMs) && startTimeMs <= latestMs)) &&
    isTextOrNull(release)
  );
}

function isProcess(value: unknown, latestMs: number): value is ProcessState {
  if (!isRecord(value)) return false;
  const { processId, role, startMs, firstMs, timeMs, sampledMs, atMs } = value;
  const isTime = (time: unknown) => isAmount(time) && time <= latestMs;
  return (
    isText(processId) &&
    (role === 'main' || role === 'sandbox') &&
    (startMs === null || isAmount(startMs)) &&
    isTime(firstMs) &&
    isTime(timeMs) &&
    (sampledMs === NEVER || isTime(sampledMs)) &&
    PROCESS_AMOUNTS.every((name) => isAmountOrNull(value[name])) &&
    Array.isArray(atMs) &&
    atMs.length === PROCESS_AMOUNTS.length - 1 &&
    atMs.every((time) => time === NEVER || isTime(time))
  );
}

function isTuning(value: unknown): value is MemoryTuning {
  if (!isRecord(value)) return false;
  const { allocator, mallocArenaMax, heapLimitBytes, isHeapLimitSet } = value;
  return (
    isTextOrNull(allocator) &&
    isTextOrNull(mallocArenaMax) &&
    isAmount(heapLimitBytes) &&
    typeof isHeapLimitSet === 'boolean'
  );
}

/**
 * Null where the value is none, or holds what no curve can: a time in the future too, since such a bucket would never
 * close.
 */
function restoreCurve(value: unknown, latestMs: number): Curve | null {
  if (!isRecord(value)) return null;
  const { windowMs, originMs, open, openCoarse, openWide, noise, warm, highestAtStart, lastBytes, lastButOneBytes } =
    value;
  const { seenBuckets } = value;
  const isPast = (time: unknown) => isAmount(time) && time <= latestMs;
  const isWhole =
    isAmount(windowMs) &&
    windowMs > 0 &&
    isPast(originMs) &&
    [lastBytes, lastButOneBytes].every(isAmountOrNull) &&
    (open === null || (isFinitely(open) && isPast((open as { timeMs?: unknown }).timeMs))) &&
    [warm, highestAtStart].every((level) => level === null || isFinitely(level)) &&
    (seenBuckets === undefined || isAmount(seenBuckets)) &&
    [openCoarse, openWide, noise].every(isFinitely);
  if (!isWhole) return null;
  const curve = Curve.restore(value as unknown as CurveState);
  // A ring's float keeps 7 digits, so the newest time may have been rounded up.
  const newestMs = Math.max(...(curve?.fine() ?? []).map(({ timeMs }) => timeMs), 0);
  const roundedMs = (latestMs - (originMs as number)) * 1e-6 + 1000;
  return newestMs <= latestMs + roundedMs ? curve : null;
}

function isClassified(value: unknown, latestMs: number): value is Classified {
  if (!isRecord(value)) return false;
  const { class: name, candidate, count, features } = value;
  const isClass = (one: unknown) => (MEMORY_CLASSES as readonly unknown[]).includes(one);
  if (!isClass(name) || !isClass(candidate) || !isAmount(count) || !isRecord(features)) return false;
  const { rise, swings, ...plain } = features;
  const { timeMs, overSoftSinceMs } = plain;
  return (
    isAmount(timeMs) &&
    timeMs <= latestMs + 1000 &&
    (overSoftSinceMs === null || isAmount(overSoftSinceMs)) &&
    isFinitely(plain) &&
    isSwings(swings, latestMs) &&
    (rise === null || isFinitely(rise))
  );
}

/** Each must be there: a missing one would turn what is followed into NaN, for the rest of the boot's life. */
function isSwings(value: unknown, latestMs: number): value is Swings {
  if (!isRecord(value)) return false;
  const { turnBytes, upSinceMs, longestUpMs, topBytes, fellMs, longestGapMs, overSinceMs, longestOverMs } = value;
  return (
    [longestUpMs, topBytes, longestGapMs, longestOverMs].every(isAmount) &&
    Number.isFinite(turnBytes) &&
    [upSinceMs, fellMs, overSinceMs].every((time) => time === null || (isAmount(time) && time <= latestMs + 1000))
  );
}

/** A record of finite numbers, booleans and nulls. */
function isFinitely(value: unknown): boolean {
  return (
    isRecord(value) &&
    Object.values(value).every((one) => one === null || typeof one === 'boolean' || Number.isFinite(one))
  );
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value.length <= MAX_TEXT_LENGTH;
}

function isTextOrNull(value: unknown): value is string | null {
  return value === null || isText(value);
}

/** Bytes, a count or a time: what is measured is never negative, and exact in a double. */
function isAmount(value: unknown): value is number {
  return typeof value === 'number' && value >= 0 && value <= Number.MAX_SAFE_INTEGER;
}

function isAmountOrNull(value: unknown): value is number | null {
  return value === null || isAmount(value);
}
