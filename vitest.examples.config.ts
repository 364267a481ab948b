import { defineConfig } from 'vitest/config';

/**
 * Real installs of the packed package, and real processes. One after the other: what a process delivers within its last
 * second is looked at.
 */
export default defineConfig({
  test: {
    include: ['test/examples/**/*.examples.ts'],
    globalSetup: ['test/examples/pack.ts'],
    fileParallelism: false,
    testTimeout: 180_000,
    hookTimeout: 300_000,
  },
});
