import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { DynoProcesses } from '../../../src/instrument/memory/dyno-processes.ts';
import { Procfs } from '../../../src/instrument/memory/procfs.ts';
import { FakeProcfs } from './fake-procfs.ts';

const DYNO = { DYNO: 'worker.1', HEROKU_DYNO_ID: 'this-boot' };
const STRANGER = 900_001;

let fake: FakeProcfs;
let nowMs: number;
let procfs: Procfs;
let processes: DynoProcesses;
beforeEach(() => {
  fake = new FakeProcfs();
  fake.add(1, { parent: 0 });
  fake.add(process.pid, { parent: 1, environment: DYNO });
  fake.add(STRANGER, { parent: 1 });
  nowMs = 0;
  procfs = new Procfs(fake.root);
  processes = new DynoProcesses(DYNO, procfs, () => nowMs);
});
afterEach(() => fake.remove());

async function scan(atMs: number): Promise<number[]> {
  nowMs = atMs;
  return [...(await processes.pids())].sort((a, b) => a - b);
}

describe('the processes of a dyno on a machine that runs other things', () => {
  it('are found without reading what two scans have found out within the last minute', async () => {
    await scan(0);
    await scan(10_000);
    const environment = vi.spyOn(procfs, 'environment');
    const stat = vi.spyOn(procfs, 'stat');
    await scan(20_000);
    expect(environment).not.toHaveBeenCalled();
    expect(stat).not.toHaveBeenCalled();
  });

  it('include one that got its environment by exec after the scan that first saw it', async () => {
    expect(await scan(0)).toEqual([process.pid]);
    fake.add(STRANGER, { parent: 1, environment: DYNO });
    expect(await scan(10_000)).toEqual([process.pid, STRANGER].sort((a, b) => a - b));
  });

  it('include one that began after the others were known', async () => {
    await scan(0);
    await scan(10_000);
    fake.add(900_002, { parent: process.pid });
    expect(await scan(20_000)).toEqual([process.pid, 900_002].sort((a, b) => a - b));
  });

  it('lose one that has ended, and inspect the next process of its pid', async () => {
    fake.add(900_002, { parent: 1, environment: DYNO });
    await scan(0);
    await scan(10_000);
    fake.end(900_002);
    expect(await scan(20_000)).toEqual([process.pid]);
    fake.add(900_002, { parent: 1 });
    expect(await scan(30_000)).toEqual([process.pid]);
  });

  it('are inspected again after a minute, because a pid may belong to another process', async () => {
    await scan(0);
    await scan(10_000);
    fake.add(STRANGER, { parent: 1, environment: DYNO });
    expect(await scan(69_999)).toEqual([process.pid]);
    expect(await scan(70_000)).toEqual([process.pid, STRANGER].sort((a, b) => a - b));
  });
});
