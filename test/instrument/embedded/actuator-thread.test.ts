import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { threadStarter } from '../../../src/instrument/embedded/actuator-thread.ts';

const START = { app: 'shop', processType: 'worker', leaderId: 'a' };
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tidemark-thread-'));
});
afterEach(async () => {
  vi.restoreAllMocks();
  await rm(folder, { recursive: true });
});

/** Runs the file until it ends. `code` null: there is none. */
async function run(code: string | null) {
  const file = join(folder, 'thread.mjs');
  if (code !== null) await writeFile(file, code);
  const said: string[] = [];
  const isFinal = await new Promise((resolve) =>
    threadStarter(pathToFileURL(file), (text) => said.push(text))(START, resolve),
  );
  return { said, isFinal };
}

describe('the thread of the actuator', () => {
  it.each([
    ['its file is not there, as in a bundle', null],
    ['a package that it needs is not there', "import 'no-such-package';"],
  ])('is not started again where %s', async (_why, code) => {
    const { said, isFinal } = await run(code);
    expect(isFinal).toBe(true);
    expect(said).toHaveLength(1);
    expect(said[0]).toMatch(/^the actuator does not run in this worker: Cannot find .*bundle.*service\.$/s);
  });

  it('is started again when it has failed, or has used up its memory', { timeout: 120_000 }, async () => {
    const failed = await run('throw new Error("a fault");');
    const full = await run('const kept = []; for (;;) kept.push(new Array(1e6).fill(0.5));');
    expect([failed.isFinal, full.isFinal]).toEqual([false, false]);
    expect(failed.said).toEqual(['the actuator in this worker has failed and starts again: a fault']);
    expect(full.said).toEqual([expect.stringMatching(/has failed and starts again: .*memory limit/)]);
  });

  it('prints what Node says in it, and leaves no pipe on the output of the process', async () => {
    const pipes = () => process.stderr.listenerCount('unpipe');
    const before = pipes();
    const during: number[] = [];
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => {
      during.push(pipes());
    });
    await run('process.stderr.write("old\\n"); setTimeout(() => {}, 100);');
    expect(warn.mock.calls).toEqual([['old']]);
    expect(during).toEqual([before]);
  });
});
