import { defineConfig } from 'vitest/config';

/**
 * The ways through real servers: Collector, Prometheus, Redis, workers. One after the other: each has the machine to
 * itself.
 */
export default defineConfig({
  test: {
    include: ['test/e2e/**/*.e2e.ts'],
    globalSetup: ['test/global-setup.ts'],
    fileParallelism: false,
    testTimeout: 180_000,
    hookTimeout: 120_000,
  },
});
