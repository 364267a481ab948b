import { afterEach, describe, expect, it, vi } from 'vitest';
import { type DynoManager, startDynoManager } from '../../../src/testbed/dyno-manager/manager.ts';
import { startRedis } from '../../../src/testbed/servers/redis-server.ts';
import { APP, type DecisionRow, type Dyno, feed, RunningActuator } from './running-actuator.ts';

const TOKEN = 'HRKU-test-token';
const SLEEPER = [process.execPath, '-e', "process.on('SIGTERM', () => process.exit(0)); setInterval(() => {}, 1000);"];
/** What a run may take on a busy machine; nothing is asserted about it. */
const PATIENCE = { timeout: 45_000, interval: 100 };
const MINUTE = 60_000;

/** Level for five seconds, then up in stairs, and level again at 88 % of 512 MB. */
const bloated = (second: number) => Math.min(450, second < 5 ? 100 : 100 + Math.floor(second - 4) * 90);
/** The same, to 176 % of 512 MB. */
const full = (second: number) => 2 * bloated(second);
const healthy = () => 120;

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

interface World {
  readonly manager: DynoManager;
  readonly dynos: readonly Dyno[];
  readonly actuator: RunningActuator;
}

async function startWorld(quantity: number): Promise<World> {
  const redis = await startRedis();
  cleanups.push(() => redis.stop());
  const formation = [{ type: 'worker', command: SLEEPER, quantity }];
  const manager = await startDynoManager({ apps: [{ name: APP, formation }], token: TOKEN });
  cleanups.push(() => manager.stop());
  const actuator = await RunningActuator.start({
    HEROKU_API_URL: manager.url,
    HEROKU_API_TOKEN: TOKEN,
    REDIS_URL: redis.url,
  });
  cleanups.push(() => actuator.stop());
  return { manager, actuator, dynos: manager.dynos().map(({ name, dynoId }) => ({ name, id: dynoId })) };
}

async function startFeed(actuator: RunningActuator, dyno: Dyno | undefined, usageMb: (second: number) => number) {
  if (dyno === undefined) throw new Error('the platform has no such dyno');
  const feeding = await feed(actuator, dyno, usageMb);
  cleanups.push(() => feeding.stop());
}

/** The first decision about a boot with this reason. */
async function decided(actuator: RunningActuator, { id, name }: Dyno, reason: string): Promise<DecisionRow> {
  return vi.waitFor(async () => {
    const rows = await actuator.decisions();
    const found = rows.find((row) => row.boot_id === id && row.dyno === name && row.reason === reason);
    if (found === undefined) throw new Error(`no decision: ${JSON.stringify(rows.map((row) => row.reason))}`);
    return found;
  }, PATIENCE);
}

const claims = (actuator: RunningActuator) => actuator.lines.filter((line) => line.includes('"phase":"claimed"'));

describe('the right dyno, or none', { timeout: 90_000 }, () => {
  it.each<[string, number]>([
    ['that started 20 minutes ago', 20 * MINUTE],
    ['that started with the dyno', 0],
  ])('leaves a healthy dyno alone when a stranger of its name is bloated, one %s', async (_, agoMs) => {
    const { manager, actuator, dynos } = await startWorld(1);
    const stranger: Dyno = {
      name: 'worker.1',
      id: 'derived-elsewhere',
      idSource: 'derived',
      startTimeMs: Date.now() - agoMs,
    };
    await startFeed(actuator, dynos[0], healthy);
    await startFeed(actuator, stranger, bloated);
    const { action, explanation } = await decided(actuator, stranger, 'boot-not-listed');
    expect(action).toBe('none');
    expect(explanation).toContain('The platform does not list this boot');
    expect(claims(actuator)).toEqual([]);
    expect(manager.deletes()).toEqual({ one: 0, all: 0 });
  });

  it('restarts the real dyno while a fuller one that the platform does not list reports next to it', async () => {
    const { manager, actuator, dynos } = await startWorld(1);
    await startFeed(actuator, { name: 'worker.77', id: 'ghost' }, full);
    await startFeed(actuator, dynos[0], bloated);
    await vi.waitFor(() => expect(manager.deletes()).toEqual({ one: 1, all: 0 }), PATIENCE);
    const ghosts = (await actuator.decisions()).filter(({ boot_id }) => boot_id === 'ghost');
    expect(ghosts.filter(({ action }) => action !== 'none')).toEqual([]);
    expect(claims(actuator)).toHaveLength(1);
  });

  it('does not learn from boots that the platform does not list what a dyno may hold', async () => {
    const { manager, actuator, dynos } = await startWorld(1);
    for (let number = 2; number <= 9; number += 1)
      await startFeed(actuator, { name: `worker.${number}`, id: `invented-${number}` }, () => 555);
    const real = dynos[0];
    if (real === undefined) throw new Error('no dyno');
    await vi.waitFor(async () => {
      const said = (await actuator.decisions()).filter(({ explanation }) =>
        explanation.includes('does not list this boot'),
      );
      expect(new Set(said.map(({ dyno }) => dyno)).size).toBe(8);
    }, PATIENCE);
    // It was high when it was first seen, so that only what others show could say that a restart gives nothing back.
    await startFeed(actuator, { ...real, startTimeMs: Date.now() - 60 * MINUTE }, () => 560);
    await vi.waitFor(() => expect(manager.deletes()).toEqual({ one: 1, all: 0 }), PATIENCE);
  });

  it('restarts a dyno that filled up in its warm-up, by what its sibling shows', async () => {
    const { manager, actuator, dynos } = await startWorld(2);
    await startFeed(actuator, dynos[0], healthy);
    await startFeed(actuator, dynos[1], (second) => (second < 1 ? 100 : 773));
    await vi.waitFor(() => expect(manager.deletes()).toEqual({ one: 1, all: 0 }), PATIENCE);
    const restarted = (await actuator.decisions()).find(({ action }) => action === 'restart');
    expect(restarted).toMatchObject({ dyno: 'worker.2', reason: 'hard-limit' });
    expect(restarted?.explanation).toContain('gives back about 653 MB');
  });

  it('restarts neither of two dynos that report under one id, and says so', async () => {
    const { manager, actuator, dynos } = await startWorld(2);
    const [first, second] = dynos;
    if (first === undefined || second === undefined) throw new Error('no dynos');
    const overwritten = { ...second, id: first.id };
    await startFeed(actuator, first, bloated);
    await startFeed(actuator, overwritten, bloated);
    for (const dyno of [first, overwritten]) {
      const { action, explanation } = await decided(actuator, dyno, 'dyno-id-shared');
      expect(action).toBe('none');
      expect(explanation).toContain('reports under the same dyno id');
    }
    expect(manager.deletes()).toEqual({ one: 0, all: 0 });
  });
});
