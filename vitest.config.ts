import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/global-setup.ts'],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    // Of what runs in the tests' own process; commands and workers that tests start as processes are not counted.
    coverage: { include: ['src/**/*.ts'], reporter: ['text-summary', 'html'] },
  },
});
