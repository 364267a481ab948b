import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findBullmq } from '../../src/instrument/bullmq/find-bullmq.ts';
import { ownRssReader } from '../../src/instrument/memory/own-memory.ts';

let root: string;
beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'tidemark-find-')));
});
afterEach(() => rmSync(root, { recursive: true }));

/** A folder with a BullMQ of its own; returns that BullMQ's file. */
function appWithBullmq(name: string): string {
  const folder = join(root, name, 'node_modules/bullmq');
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'index.js'), '');
  return join(folder, 'index.js');
}

const path = (...parts: string[]) => join(root, ...parts);

describe('finding BullMQ', () => {
  it('looks from the entry script, then the working folder, then this package', () => {
    const [atEntry, atCwd, atSelf] = ['entry', 'cwd', 'self'].map(appWithBullmq);
    const from = (entry: string, cwd: string) =>
      findBullmq(path(entry, 'worker.js'), path(cwd), path('self', 'register.js'));
    expect(from('entry', 'cwd')).toBe(atEntry);
    expect(from('none', 'cwd')).toBe(atCwd);
    expect(from('none', 'none')).toBe(atSelf);
  });

  it('follows a linked entry script to where it really is', () => {
    const found = appWithBullmq('app');
    writeFileSync(path('app', 'worker.js'), '');
    mkdirSync(path('bin'));
    symlinkSync(path('app', 'worker.js'), path('bin', 'worker'));
    expect(findBullmq(path('bin', 'worker'), path('none'), path('none', 'x.js'))).toBe(found);
  });

  it('finds none where there is none', () => {
    expect(findBullmq(undefined, path('none'), path('none', 'x.js'))).toBeNull();
  });

  it.each(['npm-cli.js', 'npx-cli.js', 'yarn.js', 'pnpm.cjs', 'corepack.js'])('leaves %s alone', (entry) => {
    appWithBullmq('app');
    expect(findBullmq(path('tool', entry), path('app'), path('app', 'x.js'))).toBeNull();
  });
});

describe("this process's RSS", () => {
  it.each([
    ['read from procfs', undefined],
    ['without procfs', '/nowhere'],
  ])('%s agrees with what Node tells', (_what, procRoot) => {
    const read = ownRssReader(procRoot);
    expect(read() / process.memoryUsage.rss()).toBeGreaterThan(0.8);
    expect(read() / process.memoryUsage.rss()).toBeLessThan(1.25);
  });
});
