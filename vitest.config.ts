import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';
import { PATIENCE } from './test/patience.ts';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/global-setup.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    expect: { poll: PATIENCE },
    // Many files wait for processes more than they compute: on two cores, two at a time.
    maxWorkers: Math.max(2, availableParallelism()),
    // Of what runs in the tests' own process; commands and workers that tests start as processes are not counted.
    coverage: { include: ['src/**/*.ts'], reporter: ['text-summary', 'html'] },
  },
});
