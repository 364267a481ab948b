import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { feed } from '../integration/actuator/running-actuator.ts';
import { ActuatorWorld, type JobsIn } from './actuator-world.ts';
import { MATRIX, NEWEST } from './bullmq-versions.ts';

/** The oldest, one whose `resume()` does nothing while a job runs, and the newest. */
const VERSIONS = [MATRIX[0] ?? '', '5.70.0', NEWEST];

/** Longer than the time between two looks at the key while workers are stopped. */
const A_FEW_LOOKS_MS = 2_000;

/** Level for five seconds, then up in stairs, and level again at 88 % of 512 MB. */
const bloated = (second: number) => Math.min(450, second < 5 ? 100 : 100 + Math.floor(second - 4) * 90);

// Each world's servers end with this process, and all worlds are there at a time.
process.setMaxListeners(100);

describe.each(VERSIONS)('a dyno with a worker of BullMQ %s, through a whole actuator and dyno manager,', (version) => {
  const it = test.extend<{ version: string; grace: string; jobsIn: JobsIn; world: ActuatorWorld }>({
    version,
    grace: '20s',
    jobsIn: 'main-thread',
    world: async ({ version, grace, jobsIn }, use) => {
      const world = await ActuatorWorld.start(version, grace, jobsIn);
      await use(world);
      await world.stop();
    },
  });

  async function expectUnharmed(world: ActuatorWorld, bootId: string, deletes: number): Promise<void> {
    await world.works();
    expect(world.bootId === bootId).toBe(deletes === 0);
    expect(world.manager.deletes()).toEqual({ one: deletes, all: 0 });
    expect(await world.jobsAmiss()).toEqual([]);
  }

  describe('whose job is longer than the grace', () => {
    it.override({ grace: '4s' });

    it('works on after the drain-timeout', async ({ world }) => {
      const { bootId, actuator } = world;
      if (actuator === null) throw new Error('no actuator');
      const held = await world.addHeld();
      const feeding = await feed(actuator, { name: 'worker.1', id: bootId }, bloated);
      await world.untilClosed('drain-timeout');
      feeding.stop();
      await delay(A_FEW_LOOKS_MS);
      await world.release();
      await world.untilDone(held);
      await expectUnharmed(world, bootId, 0);
    });
  });

  it('works on when the attempt is abandoned in the drain', async ({ world }) => {
    const held = await world.addHeld();
    const bootId = await world.askForRestart();
    await world.pause();
    await world.release();
    await world.untilDone(held);
    await world.untilClosed('abandoned');
    await expectUnharmed(world, bootId, 0);
  });

  it('is restarted once when its drain key is deleted in the drain', async ({ world }) => {
    await world.addHeld();
    const bootId = await world.askForRestart();
    await world.deleteDrainKey(bootId);
    await world.release();
    await world.untilClosed('restarted');
    await expectUnharmed(world, bootId, 1);
  });

  it('works on when the actuator is killed in the drain, and is restarted once when it is back', async ({ world }) => {
    const held = await world.addHeld();
    const bootId = await world.askForRestart();
    await world.killActuator();
    await world.untilKeyExpired(bootId);
    await delay(A_FEW_LOOKS_MS);
    await world.release();
    await world.untilDone(held);
    await expectUnharmed(world, bootId, 0);
    await world.startActuator();
    await world.untilClosed('restarted');
    await expectUnharmed(world, bootId, 1);
  });

  describe.for(['worker-thread', 'sandbox-thread'] as const)('whose jobs run in a %s', (jobsIn) => {
    it.override({ jobsIn });

    it('is restarted when its job has ended', async ({ world }) => {
      const held = await world.addHeld();
      const bootId = await world.askForRestart();
      await delay(A_FEW_LOOKS_MS);
      expect(world.manager.deletes().one).toBe(0);
      await world.release();
      await world.untilDone(held);
      await world.untilClosed('restarted');
      await expectUnharmed(world, bootId, 1);
    });

    it('works on when the attempt is abandoned in the drain', async ({ world }) => {
      const held = await world.addHeld();
      const bootId = await world.askForRestart();
      await world.pause();
      await world.release();
      await world.untilDone(held);
      await world.untilClosed('abandoned');
      await expectUnharmed(world, bootId, 0);
    });
  });
});
