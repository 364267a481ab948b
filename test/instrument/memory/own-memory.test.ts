import { describe, expect, it } from 'vitest';
import { ownRssReader } from '../../../src/instrument/memory/own-memory.ts';

describe("this process's RSS", () => {
  it.each([
    ['read from procfs', undefined],
    ['without procfs', '/nowhere'],
  ])('%s agrees with what Node reports', (_what, procRoot) => {
    const read = ownRssReader(procRoot);
    expect(read() / process.memoryUsage.rss()).toBeGreaterThan(0.8);
    expect(read() / process.memoryUsage.rss()).toBeLessThan(1.25);
  });
});
