import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { DynoMemory } from '../../../src/instrument/memory/dyno-memory.ts';
import { Procfs } from '../../../src/instrument/memory/procfs.ts';
import { FakeProcfs } from './fake-procfs.ts';

const KIB = 1024;
const rollup = (pss: number, swap: number) => ({
  smaps_rollup:
    `00400000-7ffd rollup\nRss:  ${pss * 9} kB\nPss:  ${pss} kB\nPss_Anon:  1 kB\nSwap: 1 kB\n` +
    `SwapPss:  ${swap} kB\n`,
});
const status = (rss: number, swap: number) => ({ status: `Name:\tx\nVmRSS:\t  ${rss} kB\nVmSwap:\t ${swap} kB\n` });
const OUTSIDE = {};
const DYNO = { DYNO: 'worker.1', HEROKU_APP_NAME: 'shop', HEROKU_DYNO_ID: 'this-boot' };
const OTHER_DYNO = { ...DYNO, HEROKU_DYNO_ID: 'other-boot' };
const DYNO_WITHOUT_ID = { DYNO: 'worker.1', HEROKU_APP_NAME: 'shop' };

let fake: FakeProcfs;
let folder: string;
const made: DynoMemory[] = [];
beforeEach(() => {
  fake = new FakeProcfs();
  folder = mkdtempSync(join(tmpdir(), 'tidemark-dyno-'));
});
afterEach(() => {
  vi.doUnmock('pidusage');
  for (const memory of made.splice(0)) memory.release();
  fake.remove();
  rmSync(folder, { recursive: true });
});

function memoryOf(
  env: Record<string, string | undefined>,
  options: {
    procfs?: Procfs;
    knownChildren?: number[];
    canSend?: () => Promise<boolean>;
    nowMs?: () => number;
    say?: (sentence: string) => void;
  } = {},
) {
  const { procfs = new Procfs(fake.root), knownChildren = [], canSend = async () => true, nowMs, say } = options;
  const memory = new DynoMemory({
    ...{ procfs, env: { ...env }, folder, canSend, knownChildren: () => knownChildren },
    ...(nowMs === undefined ? {} : { nowMs }),
    ...(say === undefined ? {} : { say }),
  });
  made.push(memory);
  return memory;
}

const sumKib = async (env: Record<string, string | undefined>) =>
  ((await memoryOf(env).read())?.residentBytes ?? 0) / KIB;

describe('memory of a dyno', () => {
  it('is that of all processes of its container, whoever started them', async () => {
    fake.add(1, { parent: 0, environment: DYNO, files: rollup(1, 0) });
    fake.add(900_000, { parent: 1, environment: DYNO, files: rollup(20, 0) });
    fake.add(process.pid, { parent: 900_000, environment: DYNO, files: rollup(300, 5) });
    fake.add(900_001, { parent: process.pid, files: rollup(4000, 0) });
    // Given to PID 1, with an environment of its own.
    fake.add(900_002, { parent: 1, files: rollup(50_000, 6) });
    // Entered from outside.
    fake.add(900_003, { parent: 0, files: rollup(600_000, 0) });
    expect(await memoryOf(DYNO).read()).toEqual({ residentBytes: 654_321 * KIB, swapBytes: 11 * KIB });
  });

  it('is that of the container where the platform gives no id', async () => {
    fake.add(1, { parent: 0, environment: { DYNO: 'worker.1' }, files: rollup(1, 0) });
    fake.add(process.pid, { parent: 1, files: rollup(20, 0) });
    fake.add(900_002, { parent: 1, files: rollup(300, 0) });
    expect(await sumKib(DYNO_WITHOUT_ID)).toBe(321);
  });

  it.each([
    ['belongs to the machine', {}],
    ['belongs to another dyno', OTHER_DYNO],
  ])('leaves out everything else on a machine whose PID 1 %s', async (_what, environment) => {
    fake.add(1, { parent: 0, environment, files: rollup(1_000_000, 0) });
    // npm, the worker, its child with a cleared environment, and a browser whose launcher has died.
    fake.add(900_000, { parent: 1, environment: DYNO, files: rollup(1, 0) });
    fake.add(process.pid, { parent: 900_000, environment: DYNO, files: rollup(20, 0) });
    fake.add(900_001, { parent: process.pid, files: rollup(300, 0) });
    fake.add(900_002, { parent: 1, environment: DYNO, files: rollup(4000, 0) });
    // Another dyno, what it has started, and the machine's.
    fake.add(900_010, { parent: 1, environment: OTHER_DYNO, files: rollup(50_000, 0) });
    fake.add(900_011, { parent: 900_010, files: rollup(50_000, 0) });
    fake.add(900_012, { parent: 1, files: rollup(50_000, 0) });
    expect(await sumKib(DYNO)).toBe(4321);
  });

  it('separates dynos of one name by their app where the platform gives no id', async () => {
    fake.add(1, { parent: 0 });
    fake.add(900_000, { parent: 1, environment: { DYNO: 'worker.1' }, files: rollup(1, 0) });
    fake.add(process.pid, { parent: 900_000, environment: DYNO_WITHOUT_ID, files: rollup(20, 0) });
    const other = { DYNO: 'worker.1', HEROKU_APP_NAME: 'blog' };
    fake.add(900_001, { parent: 1, environment: other, files: rollup(300, 0) });
    fake.add(900_002, { parent: 1, environment: { ...DYNO_WITHOUT_ID, DYNO: 'web.1' }, files: rollup(300, 0) });
    expect(await sumKib(DYNO_WITHOUT_ID)).toBe(21);
  });

  it('finds the id in a large environment', async () => {
    fake.add(1, { parent: 0 });
    fake.add(process.pid, { parent: 1, files: rollup(1, 0) });
    const environment = { CERTIFICATE: 'x'.repeat(100_000), ...DYNO };
    fake.add(900_001, { parent: 1, environment, files: rollup(20, 0) });
    expect(await sumKib(DYNO)).toBe(21);
  });

  it('takes RSS and swap from status where the rollup cannot be read', async () => {
    fake.add(1, { parent: 0, environment: DYNO, files: status(20, 2) });
    fake.add(process.pid, { parent: 1, files: rollup(100, 1) });
    expect(await memoryOf(DYNO).read()).toEqual({ residentBytes: 120 * KIB, swapBytes: 3 * KIB });
  });

  it('leaves out a process that has ended in between', async () => {
    fake.add(1, { parent: 0, environment: DYNO });
    fake.add(process.pid, { parent: 1, files: rollup(100, 0) });
    expect(await sumKib(DYNO)).toBe(100);
  });

  it('is looked up once for readers that ask at the same time', async () => {
    fake.add(process.pid, { parent: 1, files: rollup(100, 0) });
    const procfs = new Procfs(fake.root);
    const look = vi.spyOn(procfs, 'memory');
    const memory = memoryOf(DYNO, { procfs });
    const [one, other] = await Promise.all([memory.read(), memory.read()]);
    expect(one).toEqual(other);
    expect(look).toHaveBeenCalledTimes(1);
    await memory.read();
    expect(look).toHaveBeenCalledTimes(2);
  });

  it('follows the counters of the kernel between two counts of all pages', async () => {
    let nowMs = 0;
    const both = (pss: number, swapPss: number, rss: number, swap: number) => ({
      smaps_rollup: `x rollup\nRss: ${rss} kB\nPss: ${pss} kB\nSwap: ${swap} kB\nSwapPss: ${swapPss} kB\n`,
      ...status(rss, swap),
    });
    fake.add(process.pid, { parent: 1, files: both(100, 10, 150, 15) });
    fake.add(900_001, { parent: process.pid, files: both(20, 0, 70, 0) });
    const procfs = new Procfs(fake.root);
    const count = vi.spyOn(procfs, 'memory');
    const memory = memoryOf(DYNO, { procfs, nowMs: () => nowMs });
    expect(await memory.read()).toEqual({ residentBytes: 120 * KIB, swapBytes: 10 * KIB });
    nowMs = 8_000;
    fake.files(String(process.pid), status(1150, 16));
    expect(await memory.read()).toEqual({ residentBytes: 1120 * KIB, swapBytes: 11 * KIB });
    expect(count).toHaveBeenCalledTimes(2);
    nowMs = 10_000;
    fake.files(String(process.pid), both(1000, 20, 1150, 30));
    expect(await memory.read()).toEqual({ residentBytes: 1020 * KIB, swapBytes: 20 * KIB });
    expect(count).toHaveBeenCalledTimes(4);
  });

  it('counts all pages again at once when a process has ended, because the others share them', async () => {
    fake.add(process.pid, { parent: 1, files: { ...rollup(100, 0), ...status(900, 0) } });
    fake.add(900_001, { parent: process.pid, files: { ...rollup(20, 0), ...status(180, 0) } });
    const memory = memoryOf(DYNO, { nowMs: () => 0 });
    expect((await memory.read())?.residentBytes).toBe(120 * KIB);
    fake.end(900_001);
    fake.files(String(process.pid), rollup(95, 0));
    expect((await memory.read())?.residentBytes).toBe(95 * KIB);
  });

  it('looks for other processes every 9 s, however often it is read', async () => {
    let nowMs = 0;
    fake.add(process.pid, { parent: 1, files: { ...rollup(100, 0), ...status(900, 0) } });
    const procfs = new Procfs(fake.root);
    const scan = vi.spyOn(procfs, 'pids');
    const memory = memoryOf(DYNO, { procfs, nowMs: () => nowMs });
    for (nowMs = 0; nowMs < 9_000; nowMs += 1_000) expect((await memory.read())?.residentBytes).toBe(100 * KIB);
    expect(scan).toHaveBeenCalledTimes(1);
    fake.add(900_002, { parent: process.pid, files: { ...rollup(3, 0), ...status(27, 0) } });
    nowMs = 9_000;
    expect((await memory.read())?.residentBytes).toBe(103 * KIB);
  });

  it('is left to others by a process that cannot send, for as long as it cannot', async () => {
    fake.add(process.pid, { parent: 1, files: rollup(100, 0) });
    let isConnected = false;
    const memory = memoryOf(DYNO, { canSend: async () => isConnected });
    expect(await memory.read()).toBeNull();
    isConnected = true;
    expect(await memory.read()).not.toBeNull();
    isConnected = false;
    expect(await memory.read()).toBeNull();
  });
});

describe('memory outside a dyno', () => {
  it('is that of this process and all below it, and of no other', async () => {
    fake.add(1, { parent: 0, files: rollup(1000, 0) });
    fake.add(process.pid, { parent: 1, files: rollup(100, 1) });
    fake.add(900_001, { parent: process.pid, files: rollup(20, 2) });
    fake.add(900_002, { parent: 900_001, files: rollup(3, 4) });
    fake.add(900_003, { parent: 1, environment: DYNO, files: rollup(5000, 0) });
    expect(await memoryOf(OUTSIDE).read()).toEqual({ residentBytes: 123 * KIB, swapBytes: 7 * KIB });
  });

  it('is not reported below a process that reports it, with whatever is in between', async () => {
    fake.add(1, { parent: 0 });
    fake.add(900_000, { parent: 1 });
    fake.add(900_001, { parent: 900_000 });
    fake.add(process.pid, { parent: 900_001, files: rollup(100, 0) });
    expect(await memoryOf({ __TIDEMARK_TREE_REPORTER: '900000' }).read()).toBeNull();
    expect(await memoryOf({ __TIDEMARK_TREE_REPORTER: '1' }).read()).toBeNull();
  });

  it('is reported once the reporter above is gone, and next to one that is not above', async () => {
    fake.add(1, { parent: 0 });
    fake.add(900_001, { parent: 1 });
    fake.add(process.pid, { parent: 1, files: rollup(100, 0) });
    expect(await memoryOf({ __TIDEMARK_TREE_REPORTER: '900000' }).read()).not.toBeNull();
    expect(await memoryOf({ __TIDEMARK_TREE_REPORTER: '900001' }).read()).not.toBeNull();
  });

  it('lets its own children know that it is reported', () => {
    const env: Record<string, string | undefined> = {};
    new DynoMemory({ procfs: new Procfs(fake.root), env, knownChildren: () => [], canSend: async () => true });
    expect(env.__TIDEMARK_TREE_REPORTER).toBe(String(process.pid));
  });
});

describe('memory as it really is', () => {
  it('comes from pidusage, of this process and the known children, where there is no procfs', async () => {
    const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000); console.log(1)']);
    try {
      await once(child.stdout, 'data');
      const alone = await memoryOf(DYNO).read();
      const both = await memoryOf(DYNO, { knownChildren: [child.pid ?? 0] }).read();
      expect(alone?.swapBytes).toBe(0);
      expect(alone?.residentBytes).toBeGreaterThan(10 * KIB * KIB);
      expect(both?.residentBytes).toBeGreaterThan((alone?.residentBytes ?? 0) * 0.8 + 10 * KIB * KIB);
    } finally {
      child.kill();
    }
  });

  it('is said once to be unreadable, as with --permission', async () => {
    const denied = () => Promise.reject(Object.assign(new Error('Access to this API'), { code: 'ERR_ACCESS_DENIED' }));
    vi.doMock('pidusage', () => ({ default: denied }));
    const say = vi.fn();
    const memory = memoryOf(DYNO, { say });
    expect(await memory.read()).toBeNull();
    expect(await memory.read()).toBeNull();
    expect(say).toHaveBeenCalledExactlyOnceWith(expect.stringContaining('--allow-fs-read=/proc/'));
  });

  // dd fills its one block before it writes it, and then waits for somebody to read. Its pid comes on standard error.
  it.each([
    ['a child that is not Node', OUTSIDE, 'echo $$ >&2; exec dd if=/dev/zero bs=64M count=1 status=none'],
    [
      'a process of the dyno whose parent has ended',
      { ...DYNO, HEROKU_DYNO_ID: 'real-procfs' },
      'exec 3>&1; dd if=/dev/zero bs=64M count=1 status=none >&3 & echo $! >&2',
    ],
  ])('counts %s', async (_what, dyno, script) => {
    const env = { ...process.env, ...dyno };
    const shell = spawn('sh', ['-c', script], { stdio: ['ignore', 'pipe', 'pipe'], env });
    shell.stdout.pause();
    const pid = Number((await once(shell.stderr, 'data'))[0]);
    const procfs = new Procfs();
    try {
      const resident = () => procfs.unsharedMemory(pid)?.residentBytes ?? 0;
      await vi.waitFor(() => expect(resident()).toBeGreaterThan(64 * KIB * KIB), { timeout: 10_000, interval: 20 });
      const own = (await procfs.memory(process.pid))?.residentBytes ?? 0;
      const whole = (await memoryOf(dyno, { procfs }).read())?.residentBytes ?? 0;
      expect(whole - own).toBeGreaterThan(60 * KIB * KIB);
    } finally {
      process.kill(pid, 'SIGKILL');
    }
  });
});
