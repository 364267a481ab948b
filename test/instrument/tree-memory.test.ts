import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Procfs } from '../../src/instrument/memory/procfs.ts';
import { TreeMemory } from '../../src/instrument/memory/tree-memory.ts';
import { FakeProcfs } from './fake-procfs.ts';

const KIB = 1024;
const rollup = (pss: number, swap: number) => ({
  smaps_rollup: `00400000-7ffd rollup\nRss:  ${pss * 9} kB\nPss:  ${pss} kB\nPss_Anon:  1 kB\nSwap: 1 kB\nSwapPss:  ${swap} kB\n`,
});
const status = (rss: number, swap: number) => ({ status: `Name:\tx\nVmRSS:\t  ${rss} kB\nVmSwap:\t ${swap} kB\n` });

let fake: FakeProcfs;
beforeEach(() => {
  fake = new FakeProcfs();
});
afterEach(() => fake.remove());

function treeOf(env: Record<string, string | undefined> = {}, knownChildren: readonly number[] = []) {
  return new TreeMemory({ procfs: new Procfs(fake.root), env, knownChildren: () => knownChildren });
}

describe('memory of the process tree', () => {
  it('sums proportional shares of this process and all below it, and of no other', async () => {
    fake.add(1, { parent: 0, files: rollup(1000, 0) });
    fake.add(process.pid, { parent: 1, files: rollup(100, 1) });
    fake.add(900_001, { parent: process.pid, files: rollup(20, 2) });
    fake.add(900_002, { parent: 900_001, files: rollup(3, 4) });
    fake.add(900_003, { parent: 1, files: rollup(5000, 0) });
    expect(await treeOf().read()).toEqual({ residentBytes: 123 * KIB, swapBytes: 7 * KIB });
  });

  it('takes RSS and swap from status where the rollup cannot be read', async () => {
    fake.add(process.pid, { parent: 1, files: rollup(100, 1) });
    fake.add(900_001, { parent: process.pid, files: status(20, 2) });
    expect(await treeOf().read()).toEqual({ residentBytes: 120 * KIB, swapBytes: 3 * KIB });
  });

  it('leaves out a process that has ended in between', async () => {
    fake.add(process.pid, { parent: 1, files: rollup(100, 0) });
    fake.add(900_001, { parent: process.pid });
    expect(await treeOf().read()).toEqual({ residentBytes: 100 * KIB, swapBytes: 0 });
  });

  it('asks pidusage about itself and the known children where there is no procfs', async () => {
    const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000); console.log(1)']);
    try {
      await once(child.stdout, 'data');
      const alone = await treeOf().read();
      const both = await treeOf({}, [child.pid ?? 0]).read();
      expect(alone?.swapBytes).toBe(0);
      expect(alone?.residentBytes).toBeGreaterThan(10 * KIB * KIB);
      expect(both?.residentBytes).toBeGreaterThan((alone?.residentBytes ?? 0) * 0.8 + 10 * KIB * KIB);
    } finally {
      child.kill();
    }
  });

  it('counts a child that is not Node, as it is and in the real procfs', async () => {
    // dd fills its one block before it writes it, and then waits for somebody to read.
    const child = spawn('dd', ['if=/dev/zero', 'bs=64M', 'count=1', 'status=none'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    child.stdout.pause();
    const tree = new TreeMemory({ procfs: new Procfs(), env: {}, knownChildren: () => [] });
    try {
      const dd = () => new Procfs().residentBytes(child.pid ?? 0) ?? 0;
      await vi.waitFor(() => expect(dd()).toBeGreaterThan(64 * KIB * KIB), { timeout: 10_000, interval: 20 });
      const whole = (await tree.read())?.residentBytes ?? 0;
      const own = (await new Procfs().memory(process.pid))?.residentBytes ?? 0;
      expect(whole - own).toBeGreaterThan(60 * KIB * KIB);
    } finally {
      child.kill('SIGKILL');
    }
  });

  it('reads this very process where procfs is the real one', async () => {
    const tree = new TreeMemory({ procfs: new Procfs(), env: {}, knownChildren: () => [] });
    expect((await tree.read())?.residentBytes).toBeGreaterThan(1024 ** 2);
  });
});

describe('one reporter per tree', () => {
  it('is silent below a reporter', async () => {
    fake.add(1, { parent: 0 });
    fake.add(900_000, { parent: 1 });
    fake.add(process.pid, { parent: 900_000, files: rollup(100, 0) });
    expect(await treeOf({ __TIDEMARK_TREE_REPORTER: '900000' }).read()).toBeNull();
  });

  it('reports once the reporter above is gone', async () => {
    fake.add(1, { parent: 0 });
    fake.add(process.pid, { parent: 1, files: rollup(100, 0) });
    expect(await treeOf({ __TIDEMARK_TREE_REPORTER: '900000' }).read()).not.toBeNull();
  });

  it('is silent in every process below, with whatever is in between, and each tree of a dyno has its own reporter', async () => {
    // PID 1 starts a process manager, which starts two workers; one of them forks, through a shell.
    fake.add(1, { parent: 0, files: rollup(1, 0) });
    fake.add(900_000, { parent: 1, files: rollup(10, 0) });
    fake.add(900_001, { parent: 900_000, files: rollup(100, 0) });
    fake.add(process.pid, { parent: 900_000, files: rollup(200, 0) });
    fake.add(900_002, { parent: process.pid, files: rollup(1000, 0) });
    expect(await treeOf({}).read()).toEqual({ residentBytes: 1200 * KIB, swapBytes: 0 });
    // The sibling's variable is no ancestor's.
    expect(await treeOf({ __TIDEMARK_TREE_REPORTER: '900001' }).read()).toEqual({
      residentBytes: 1200 * KIB,
      swapBytes: 0,
    });
    expect(await treeOf({ __TIDEMARK_TREE_REPORTER: '900000' }).read()).toBeNull();
    expect(await treeOf({ __TIDEMARK_TREE_REPORTER: '1' }).read()).toBeNull();
  });

  it('lets its own children know', () => {
    const env: Record<string, string | undefined> = {};
    treeOf(env);
    expect(env.__TIDEMARK_TREE_REPORTER).toBe(String(process.pid));
  });
});
