import { TUNING } from '../tuning.ts';
import { type Holders, isOneForEachDelay } from './holders.ts';
import type { JobLoad } from './job-load.ts';

/** Whether a value read back can be a `JobLoad`. */
export function isJobLoad(value: unknown): value is JobLoad {
  if (!isRecord(value)) return false;
  const { holders, usageBytes } = value;
  return (
    SCALARS.every((name) => isFiniteNumber(value[name])) &&
    OPTIONAL.every((name) => value[name] === null || isFiniteNumber(value[name])) &&
    isRingOfWindows(usageBytes) &&
    Array.isArray(holders) &&
    isOneForEachDelay(holders) &&
    holders.every(isHolders)
  );
}

const SCALARS = ['openMs', 'openSamples', 'openUsageBytes', 'sampledMs', 'bytes2', 'changes'] as const;
const OPTIONAL = [
  'sureBytes',
  'activeJobs',
  'completedJobs',
  'endedMs',
  'endedUsageBytes',
  'oldestMs',
  'oldestUsageBytes',
] as const;
const OF_HOLDERS = ['jobs', 'openJobs', 'jobs2', 'jobsBytes'] as const;

function isHolders(value: unknown): value is Holders {
  return isRecord(value) && OF_HOLDERS.every((name) => isFiniteNumber(value[name])) && isRingOfWindows(value.windows);
}

function isRingOfWindows(value: unknown): boolean {
  return Array.isArray(value) && value.length <= TUNING.loadLagWindows && value.every(isFiniteNumber);
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

function isFiniteNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}
