import type { TestProject } from 'vitest/node';
import startRedis from '../global-setup.ts';
import { installBullmq, MATRIX } from './bullmq-versions.ts';

/** Next to Redis, every version of BullMQ; a registry that cannot be reached fails the run. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  await installBullmq(MATRIX);
  return startRedis(project);
}
