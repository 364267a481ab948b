import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, test, vi } from 'vitest';
import type { RestartAnswer } from '../../../src/ports.ts';
import { pidsWithEnv } from '../../../src/testbed/dyno-manager/dyno/process-table.ts';
import { PATIENCE } from '../../patience.ts';
import { isAlive, node, OBEDIENT, type RunningManager, STUBBORN, startManager, TOKEN } from './running-manager.ts';

let running: RunningManager | null = null;
afterEach(async () => {
  await running?.manager.stop();
  running = null;
});

type Formation = Parameters<typeof startManager>[0]['apps'][number]['formation'];

async function start(
  formation: Formation,
  more: Partial<Parameters<typeof startManager>[0]> = {},
): Promise<RunningManager> {
  running = await startManager({ apps: [{ name: 'shop', formation }], ...more });
  return running;
}

async function restart(dyno: string): Promise<RestartAnswer> {
  if (running === null) throw new Error('no manager');
  return running.platform.restart('shop', dyno, () => true);
}

function dyno(name: string) {
  const view = running?.manager.dynos().find((candidate) => candidate.name === name);
  if (view === undefined) throw new Error(`there is no dyno ${name}`);
  return view;
}

describe('a dyno that is restarted', () => {
  test('keeps its name, gets a new id, and its new boot starts before the old one has ended', async () => {
    const { manager, platform, line, event } = await start([{ type: 'worker', command: OBEDIENT, quantity: 2 }]);
    const first = await line(({ dyno }) => dyno === 'worker.1');
    const [before, other] = await platform.list('shop');

    expect(await restart('worker.1')).toMatchObject({ kind: 'accepted', status: 202, requestId: expect.any(String) });
    await event((entry) => entry.event === 'exit' && entry.dynoId === first.dynoId);

    const [after, otherAfter] = await platform.list('shop');
    expect(after).toMatchObject({
      name: 'worker.1',
      processType: 'worker',
      state: 'up',
      size: 'Standard-1X',
      releaseVersion: 1,
    });
    expect(after?.id).not.toBe(before?.id);
    expect(otherAfter).toEqual(other);
    const events = manager.log.filter((entry) => entry.dyno === 'worker.1').map((entry) => entry.event);
    expect(events).toEqual(['boot', 'up', 'restart-requested', 'sigterm', 'boot', 'up', 'exit']);
    expect(manager.deletes()).toEqual({ one: 1, all: 0 });
  });

  test('sends SIGTERM to every process of the dyno, whatever its process group', async () => {
    const child = `process.on('SIGTERM', () => { console.log(process.argv[1] + ' ended'); process.exit(0); });
      setInterval(() => {}, 1000); console.log(process.argv[1] + ' ready');`;
    const parent = `const { spawn } = require('node:child_process');
      const child = ${JSON.stringify(child)};
      spawn(process.execPath, ['-e', child, 'child'], { stdio: 'inherit' });
      spawn(process.execPath, ['-e', child, 'stray'], { stdio: 'inherit', detached: true });
      process.on('SIGTERM', () => {}); setInterval(() => {}, 1000); console.log('parent ready');`;
    const { line, event } = await start([{ type: 'worker', command: node(parent) }], { killAfterMs: 60_000 });
    for (const name of ['parent', 'child', 'stray']) await line((said) => said.line === `${name} ready`);
    await restart('worker.1');
    await line((said) => said.line === 'child ended');
    await line((said) => said.line === 'stray ended');
    expect(await event((entry) => entry.event === 'sigterm')).toMatchObject({ dyno: 'worker.1' });
  });

  test('ends even if it is stopped before it is up', async () => {
    const { manager, event } = await start([{ type: 'worker', command: OBEDIENT }], { killAfterMs: 3_600_000 });
    const [boot] = manager.log;
    await restart('worker.1');
    await event((entry) => entry.event === 'exit' && entry.dynoId === boot?.dynoId);
  });
});

describe('a dyno that ends slowly or starts slowly', () => {
  test('is killed when it has not ended in time', async () => {
    const { line, event } = await start([{ type: 'worker', command: STUBBORN }], { killAfterMs: 30 });
    const { dynoId } = await line(() => true);
    await restart('worker.1');
    await event((entry) => entry.event === 'sigkill' && entry.dynoId === dynoId);
    expect(await event((entry) => entry.event === 'exit' && entry.dynoId === dynoId)).toMatchObject({
      detail: 'signal SIGKILL',
    });
  });

  test('leaves nothing behind when its main process ends before its children', async () => {
    const parent = `const { spawn } = require('node:child_process');
      const stay = "process.on('SIGTERM', () => {}); setInterval(() => {}, 1000); console.log('child ' + process.pid)";
      spawn(process.execPath, ['-e', stay], { stdio: 'inherit' });
      process.on('SIGTERM', () => process.exit(0)); setInterval(() => {}, 1000);`;
    const { line, event } = await start([{ type: 'worker', command: node(parent) }], { killAfterMs: 60_000 });
    const child = await line(({ line }) => line.startsWith('child '));
    await restart('worker.1');
    await event((entry) => entry.event === 'exit' && entry.dynoId === child.dynoId);
    await vi.waitUntil(() => pidsWithEnv(`DYNO_MANAGER_BOOT=${child.dynoId}`).length === 0, PATIENCE);
  });

  test('is `starting` for the configured delay', async () => {
    const { platform, event } = await start([{ type: 'worker', command: OBEDIENT }], { startDelayMs: 20 });
    expect(dyno('worker.1').state).toBe('starting');
    await event((entry) => entry.event === 'up');
    expect((await platform.list('shop'))[0]?.state).toBe('up');
  });
});

describe('a dyno that ends by itself', () => {
  test('boots again immediately the first time, then waits', async () => {
    const { event } = await start([{ type: 'worker', command: node('process.exit(3)') }], {
      crashDelaysMs: [0, 3_600_000],
    });
    const crash = await event((entry) => entry.event === 'crashed');
    expect(crash.detail).toBe('code 3');
    await event((entry) => entry.event === 'crashed' && entry.dynoId !== crash.dynoId);
    expect(dyno('worker.1')).toMatchObject({ state: 'crashed', crashes: 2 });
    expect((await running?.platform.list('shop'))?.[0]?.state).toBe('crashed');
  });

  test('boots again when somebody kills it', async () => {
    const { line, event } = await start([{ type: 'worker', command: OBEDIENT }]);
    const { dynoId } = await line(() => true);
    process.kill(dyno('worker.1').pid ?? 0, 'SIGKILL');
    expect(await event((entry) => entry.event === 'crashed')).toMatchObject({ dynoId, detail: 'signal SIGKILL' });
    await line((said) => said.dynoId !== dynoId);
    expect(dyno('worker.1').state).toBe('up');
  });

  test('boots again at a restart without waiting, and a release forgets its crashes', async () => {
    const { manager, event } = await start([{ type: 'worker', command: node('process.exit(0)') }], {
      crashDelaysMs: [3_600_000],
    });
    const crash = await event((entry) => entry.event === 'crashed');
    await restart('worker.1');
    await event((entry) => entry.event === 'crashed' && entry.dynoId !== crash.dynoId);
    expect(dyno('worker.1').crashes).toBe(2);
    manager.deploy('shop');
    expect(dyno('worker.1').crashes).toBe(0);
  });

  test('crashes if its program does not exist', async () => {
    const { event } = await start([{ type: 'worker', command: ['/nowhere/at-all'] }], { crashDelaysMs: [3_600_000] });
    expect(await event((entry) => entry.event === 'crashed')).toMatchObject({ detail: 'code 127' });
  });
});

describe('the environment of a dyno', () => {
  const SHOW = node('console.log(JSON.stringify(process.env)); setInterval(() => {}, 1000);');

  test('has the variables of Heroku and no others', async () => {
    vi.stubEnv('HEROKU_API_TOKEN', 'secret');
    const { line, manager } = await start([{ type: 'web', command: SHOW, env: { A: '1' } }], { memoryAvailable: true });
    vi.unstubAllEnvs();
    const said = await line(() => true);
    const env = JSON.parse(said.line);
    expect(env).toMatchObject({
      A: '1',
      DYNO: 'web.1',
      PORT: expect.stringMatching(/^\d+$/),
      MEMORY_AVAILABLE: '512',
      HEROKU_APP_NAME: 'shop',
      HEROKU_APP_ID: expect.stringMatching(/^[0-9a-f-]{36}$/),
      HEROKU_DYNO_ID: said.dynoId,
      HEROKU_RELEASE_VERSION: 'v1',
      HEROKU_RELEASE_CREATED_AT: expect.stringMatching(/^\d{4}-/),
      HEROKU_SLUG_COMMIT: expect.stringMatching(/^[0-9a-f]{40}$/),
      HEROKU_APP_DEFAULT_DOMAIN_NAME: expect.any(String),
    });
    expect(env).not.toHaveProperty('HEROKU_API_TOKEN');
    expect(manager.dynos()[0]?.dynoId).toBe(said.dynoId);
  });

  test('has no metadata if the app has not enabled it', async () => {
    const { line } = await start([{ type: 'worker', command: SHOW }], { metadata: false });
    const env = JSON.parse((await line(() => true)).line);
    expect(env.DYNO).toBe('worker.1');
    expect(Object.keys(env).filter((key) => /^HEROKU_|^PORT$|^MEMORY_AVAILABLE$/.test(key))).toEqual([]);
  });

  test('names the next version after a release', async () => {
    const { line, manager, platform } = await start([{ type: 'worker', command: SHOW }]);
    const first = await line(() => true);
    manager.deploy('shop');
    const second = await line(({ dynoId }) => dynoId !== first.dynoId);
    expect(JSON.parse(second.line).HEROKU_RELEASE_VERSION).toBe('v2');
    expect((await platform.list('shop'))[0]).toMatchObject({ id: second.dynoId, releaseVersion: 2 });
  });
});

test('a one-off dyno is listed, killed by a restart, and not replaced', async () => {
  const { manager, platform, line, event } = await start([{ type: 'worker', command: OBEDIENT }]);
  const name = manager.runOneOff('shop', { command: OBEDIENT });
  await line((said) => said.dyno === name);
  expect((await platform.list('shop')).map((entry) => [entry.name, entry.processType])).toContainEqual([
    'run.1',
    'run',
  ]);
  await restart('run.1');
  await event((entry) => entry.event === 'exit' && entry.dyno === 'run.1');
  expect((await platform.list('shop')).map((entry) => entry.name)).toEqual(['worker.1']);
});

test('the memory of a dyno includes its whole process tree', async () => {
  const parent = `require('node:child_process').spawn(process.execPath, ['-e',
    "globalThis.kept = Buffer.alloc(80 * 2 ** 20, 1); console.log('child ready'); setInterval(() => {}, 1000)"
    ], { stdio: 'inherit' });
    setInterval(() => {}, 1000);`;
  const { line } = await start([{ type: 'worker', command: node(parent), size: 'tiny' }], {
    dynoSizes: [{ name: 'tiny', memory: 0.125 }],
  });
  await line((said) => said.line === 'child ready');
  const view = dyno('worker.1');
  expect(view.limitBytes).toBe(128 * 2 ** 20);
  expect(view.memoryBytes).toBeGreaterThan(130 * 2 ** 20);
});

describe('the end of the manager', () => {
  test('leaves no process, not even a stubborn one', async () => {
    const { manager, line } = await start([{ type: 'worker', command: STUBBORN, quantity: 2 }]);
    for (const name of ['worker.1', 'worker.2']) await line((said) => said.dyno === name);
    const pids = manager.dynos().map((view) => view.pid ?? 0);
    expect(pids.map(isAlive)).toEqual([true, true]);
    await manager.stop();
    expect(pids.map(isAlive)).toEqual([false, false]);
  });

  test('lets dynos end by themselves within its grace', async () => {
    const { manager, line, event } = await start([{ type: 'worker', command: OBEDIENT }]);
    await line(() => true);
    await manager.stop(60_000);
    expect(await event((entry) => entry.event === 'exit')).toMatchObject({ detail: 'code 0' });
  });

  test('takes its dynos with it even when it is killed', async () => {
    const program = fileURLToPath(new URL('./manager-program.ts', import.meta.url));
    const manager = spawn(process.execPath, [program, TOKEN], { stdio: ['ignore', 'pipe', 'inherit'] });
    const [line] = await once(createInterface({ input: manager.stdout }), 'line');
    const dynoIds: string[] = JSON.parse(String(line));
    expect(dynoIds.flatMap((id) => pidsWithEnv(`DYNO_MANAGER_BOOT=${id}`)).length).toBeGreaterThanOrEqual(4);
    manager.kill('SIGKILL');
    await vi.waitUntil(() => dynoIds.every((id) => pidsWithEnv(`DYNO_MANAGER_BOOT=${id}`).length === 0), {
      timeout: 20_000,
    });
  });

  test('fails on a taken port, and leaves that port alone', async () => {
    const { manager } = await start([{ type: 'worker', command: OBEDIENT }]);
    await expect(startManager({ apps: [], port: manager.port })).rejects.toThrow(/EADDRINUSE/);
  });
});

test('an unknown dyno size is an error that names the known sizes', async () => {
  await expect(start([{ type: 'worker', command: OBEDIENT, size: 'huge' }])).rejects.toThrow(
    /no dyno size "huge".*Standard-1X/,
  );
});
