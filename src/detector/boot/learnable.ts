import { type Policy, thresholdBytes } from '../../model/policy.ts';
import { ownBytesPerJob } from '../load/job-load.ts';
import type { DynoFacts } from '../rules/assessment.ts';
import { type Boot, floorWithoutJobs } from './boot.ts';

/** What a boot shows, so that later boots of its target can be judged from their first minute. Memory in bytes. */
export interface Learnable {
  /** The floor after its warm-up; null where it was never idle enough to show one. */
  readonly floorBytes: number | null;
  /** What one running job holds; null where that is not beyond doubt. */
  readonly bytesPerJob: number | null;
  /** Its standard error; null exactly where `bytesPerJob` is. */
  readonly bytesPerJobError: number | null;
}

/** Null where the boot has shown nothing yet. */
export function learnableOf(
  boot: Boot,
  facts: DynoFacts | null,
  policy: Pick<Policy, 'windowMs' | 'softLimit'>,
): Learnable | null {
  const floorBytes = floorToLearn(boot, facts, policy);
  const perJob = ownBytesPerJob(boot.jobLoad);
  if (floorBytes === null && perJob === null) return null;
  return { floorBytes, bytesPerJob: perJob?.bytes ?? null, bytesPerJobError: perJob?.errorBytes ?? null };
}

/**
 * The floor of a boot as later boots of its target may be compared with it; null while it has none to show. One over
 * the soft limit is not what a fresh boot should hold: a boot that fills up in its warm-up, as all of a target may do
 * after a deploy, must not make that the norm.
 */
function floorToLearn(
  boot: Boot,
  facts: DynoFacts | null,
  policy: Pick<Policy, 'windowMs' | 'softLimit'>,
): number | null {
  const floorBytes = floorWithoutJobs(boot, policy, facts?.createdAtMs ?? null);
  const softLimitBytes = thresholdBytes(policy.softLimit, facts?.limitBytes ?? boot.limitBytes);
  return floorBytes !== null && softLimitBytes !== null && floorBytes > softLimitBytes ? null : floorBytes;
}
