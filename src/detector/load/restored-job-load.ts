import { TUNING } from '../tuning.ts';
import type { JobLoad } from './job-load.ts';

/** Whether a value read back can be a `JobLoad`. */
export function isJobLoad(value: unknown): value is JobLoad {
  if (typeof value !== 'object' || value === null) return false;
  const load = value as Record<string, unknown>;
  return (
    SCALARS.every((name) => isFiniteNumber(load[name])) &&
    OPTIONAL.every((name) => load[name] === null || isFiniteNumber(load[name])) &&
    RINGS.every((name) => {
      const ring = load[name];
      return Array.isArray(ring) && ring.length <= TUNING.loadLagWindows && ring.every(isFiniteNumber);
    })
  );
}

const SCALARS = [
  'openMs',
  'openSamples',
  'openUsageBytes',
  'openJobs',
  'jobs2',
  'jobsBytes',
  'bytes2',
  'changes',
] as const;
const OPTIONAL = [
  'sureBytes',
  'activeJobs',
  'completedJobs',
  'endedMs',
  'endedUsageBytes',
  'oldestMs',
  'oldestUsageBytes',
] as const;
const RINGS = ['usageBytes', 'jobs'] as const;

function isFiniteNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}
