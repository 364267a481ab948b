import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { Session } from 'node:inspector/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { allocationSites } from '../../../src/instrument/memory-report/allocation-sites.ts';
import { type HeapSampling, startHeapSampling } from '../../../src/instrument/memory-report/heap-sampling.ts';

const kept: object[] = [];
const running: HeapSampling[] = [];

afterEach(() => {
  for (const sampling of running.splice(0)) sampling.drop();
  kept.length = 0;
});

async function sampling(): Promise<HeapSampling> {
  const started = await startHeapSampling();
  if (typeof started === 'string') throw new Error(started);
  running.push(started);
  return started;
}

function keepManyRows(): void {
  for (let index = 0; index < 300_000; index++) kept.push({ index, pair: [index, index] });
}

function dropManyRows(): number {
  let length = 0;
  for (let index = 0; index < 300_000; index++) length += [index, index, index, index].length;
  return length;
}

/**
 * Rows that were dropped while V8 was marking outlive the collection that ends this marking, also the one that reading
 * takes; they are gone after one that began later.
 */
async function collectGarbage(): Promise<void> {
  const session = new Session();
  session.connect();
  await session.post('HeapProfiler.collectGarbage');
  session.disconnect();
}

describe('a sampling of the heap', () => {
  it('finds the function whose objects are still in use, and not one whose objects are gone', async () => {
    const started = await sampling();
    keepManyRows();
    dropManyRows();
    await collectGarbage();
    const { sites } = allocationSites(await started.take(), process.cwd());
    expect(sites[0]).toMatchObject({
      functionName: 'keepManyRows',
      place: expect.stringMatching(/^test\/instrument\/memory-report\/heap-sampling\.test\.ts:\d+:\d+$/),
    });
    expect(sites.map(({ functionName }) => functionName)).not.toContain('dropManyRows');
  });

  it('leaves another profiler alone, which goes on', async () => {
    const other = new Session();
    other.connect();
    await other.post('HeapProfiler.startSampling', { samplingInterval: 64 * 1024 });
    expect(await startHeapSampling()).toBe('another-profiler');
    keepManyRows();
    const { profile } = await other.post('HeapProfiler.stopSampling');
    other.disconnect();
    expect(JSON.stringify(profile)).toContain('keepManyRows');
  });

  it.each<[string, (started: HeapSampling) => unknown]>([
    ['read', (started) => started.take()],
    ['dropped', (started) => started.drop()],
  ])('is over once it is %s: V8 samples no more, and another one can begin', async (_what, end) => {
    await end(await sampling());
    const other = new Session();
    other.connect();
    await expect(other.post('HeapProfiler.getSamplingProfile')).rejects.toThrow('not started');
    other.disconnect();
    expect(typeof (await startHeapSampling().then((again) => (typeof again === 'string' ? again : again.drop())))).toBe(
      'undefined',
    );
  });

  it('is none where Node has no inspector', async () => {
    const open = () => {
      throw new Error('no inspector');
    };
    expect(await startHeapSampling(open)).toBe('unavailable');
  });

  it('neither keeps a process alive nor changes its exit code', async () => {
    const module = new URL('../../../src/instrument/memory-report/heap-sampling.ts', import.meta.url).href;
    const code = `const { startHeapSampling } = await import('${module}');
      if (typeof (await startHeapSampling()) === 'string') process.exit(1);
      process.exitCode = 7;`;
    const child = spawn(process.execPath, ['--input-type=module', '--eval', code], { stdio: 'ignore' });
    expect(await once(child, 'exit')).toEqual([7, null]);
  });
});
