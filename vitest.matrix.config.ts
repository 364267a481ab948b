import { defineConfig } from 'vitest/config';

/**
 * Drains on every claimed version of BullMQ at which its workers behave differently. Their rows wait more than they
 * compute: many run at a time.
 */
export default defineConfig({
  test: {
    include: ['test/matrix/**/*.matrix.ts'],
    globalSetup: ['test/matrix/setup.ts'],
    sequence: { concurrent: true },
    maxConcurrency: 16,
    testTimeout: 180_000,
    hookTimeout: 120_000,
  },
});
