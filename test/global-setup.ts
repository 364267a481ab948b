import type { TestProject } from 'vitest/node';
import { installedProgram, REDIS } from '../scripts/installed-program.ts';
import { startRedis } from '../src/testbed/servers/redis-server.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    /** A real Redis that this test run started; tests keep apart by key prefixes or database numbers of their own. */
    redisUrl: string;
  }
}

/** One Redis for the whole run; its server is installed where there is none. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  await installedProgram(REDIS);
  const redis = await startRedis();
  project.provide('redisUrl', redis.url);
  return () => redis.stop();
}
