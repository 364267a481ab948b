import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, inject, test } from 'vitest';
import { drainQuestion } from '../../src/shared/drain-messages.ts';
import { MATRIX } from './bullmq-versions.ts';
import type { MatrixDyno } from './matrix-dyno.ts';
import { Scene } from './scene.ts';

/**
 * Longer than the time between two looks at the key while workers are stopped. Nothing tells from outside that they
 * have looked.
 */
const A_FEW_LOOKS_MS = 2_000;

/** A second attempt drains workers that run `held`: it ends, they take no other job until the attempt is closed. */
async function expectToDrainAgain(scene: Scene, dyno: MatrixDyno, held: string): Promise<void> {
  const second = scene.ask(dyno, 'second');
  await second.untilAnswered();
  const waiting = await dyno.add(3, { ms: 10 });
  await dyno.call('release');
  await second.untilIdle();
  expect(dyno.started).toEqual([held]);
  await second.close();
  await dyno.untilEnded(waiting);
  await scene.expectToWork(dyno);
}

describe.each(MATRIX)('workers of BullMQ %s', (version) => {
  const it = test.extend<{ version: string; scene: Scene }>({
    version,
    scene: async ({ version }, use) => {
      const scene = new Scene(version, inject('redisUrl'));
      await use(scene);
      await scene.stop();
    },
  });

  describe('whose drain ends without a restart take jobs again', () => {
    it('when the attempt is closed while a job runs', async ({ scene }) => {
      const { dyno, held, attempt } = await scene.startDraining();
      await attempt.close();
      await delay(A_FEW_LOOKS_MS);
      await scene.expectToWorkAfter(dyno, held);
    });

    it('when the actuator dies while a job runs', async ({ scene }) => {
      const { dyno, held, attempt } = await scene.startDraining();
      await attempt.die();
      await dyno.until(async () => (await dyno.redis.exists(dyno.keys.question)) === 0, 'the key has expired');
      await delay(A_FEW_LOOKS_MS);
      await scene.expectToWorkAfter(dyno, held);
    });

    it('when the actuator dies while they are idle', async ({ scene }) => {
      const dyno = await scene.start();
      const attempt = scene.ask(dyno);
      await attempt.untilIdle();
      const added = await dyno.add(3, { ms: 10 });
      await attempt.die();
      await dyno.untilEnded(added);
      await scene.expectToWork(dyno);
    });

    it('when an actuator asks for longer than the attempt may take', async ({ scene }) => {
      const { dyno, held } = await scene.startWithHeldJob();
      const attempt = scene.ask(dyno, 'first', 5_000);
      await attempt.untilAnswered();
      await scene.expectToWorkAfter(dyno, held);
      expect(await dyno.redis.exists(dyno.keys.question)).toBe(1);
      expect(attempt.falselyIdle).toEqual([]);
    });

    it('when a key was left that never expires', async ({ scene }) => {
      const { dyno, held } = await scene.startWithHeldJob();
      await dyno.redis.set(dyno.keys.question, drainQuestion({ attemptId: 'first', holdMs: 5_000 }));
      await delay(A_FEW_LOOKS_MS);
      await scene.expectToWorkAfter(dyno, held);
    });

    it('when a second attempt follows the first while the same job runs', async ({ scene }) => {
      const { dyno, held, attempt: first } = await scene.startDraining();
      await first.close();
      await delay(A_FEW_LOOKS_MS);
      await expectToDrainAgain(scene, dyno, held);
    });

    it('when a second attempt takes the place of the first', async ({ scene }) => {
      const { dyno, held, attempt: first } = await scene.startDraining();
      await first.die();
      await expectToDrainAgain(scene, dyno, held);
    });
  });

  it.for([1, 4])(
    'lose no job in drains over jobs that come back to back, at concurrency %i',
    async (concurrency, { scene }) => {
      // A job that is lost shows soon: its lock runs out, and the next check finds it stalled.
      const dyno = await scene.start([{ concurrency, lockDuration: 8_000, stalledInterval: 3_000 }]);
      const added: string[] = [];
      let flooding = true;
      const flood = (async () => {
        while (flooding) {
          if (added.length - dyno.ended.length < 200) added.push(...(await dyno.add(200, { ms: 2 })));
          await delay(20);
        }
      })();
      await dyno.untilStarted(10);
      for (const attemptId of ['first', 'second', 'third']) {
        const attempt = scene.ask(dyno, attemptId);
        await attempt.untilIdle();
        await delay(A_FEW_LOOKS_MS / 2);
        await attempt.close();
        await dyno.untilStarted(dyno.started.length + 10);
        expect(attempt.falselyIdle).toEqual([]);
      }
      flooding = false;
      await flood;
      await dyno.untilEnded(added);
      expect(dyno.startedTwice()).toEqual([]);
      expect(dyno.stalled).toEqual([]);
    },
  );

  it('that wait for jobs are idle at once, take none that comes in then, and all when the key is gone', async ({
    scene,
  }) => {
    const dyno = await scene.start();
    await scene.expectToWork(dyno);
    const before = dyno.started.length;
    const attempt = scene.ask(dyno);
    await attempt.untilIdle();
    const added = await dyno.add(3, { ms: 10 });
    await delay(A_FEW_LOOKS_MS);
    expect(dyno.started).toHaveLength(before);
    expect(attempt.saysIdle()).toBe(true);
    await attempt.close();
    await dyno.untilEnded(added);
    expect(attempt.falselyIdle).toEqual([]);
    await scene.expectToWork(dyno);
  });

  it('that begin during a drain take no job, and all when the key is gone', async ({ scene }) => {
    const { dyno, held, attempt } = await scene.startDraining();
    await dyno.addWorker();
    await delay(A_FEW_LOOKS_MS);
    const added = await dyno.add(3, { ms: 10 });
    await dyno.call('release');
    await attempt.untilIdle();
    expect(dyno.started).toEqual([held]);
    await attempt.close();
    await dyno.untilEnded(added);
    expect(attempt.falselyIdle).toEqual([]);
    await scene.expectToWork(dyno);
  });

  it('that wait for a rate limit are idle before it ends, and continue afterwards', async ({ scene }) => {
    const dyno = await scene.start([{ limiter: { max: 1, duration: 20_000 } }]);
    const [first = ''] = await dyno.add(3, { ms: 10 });
    await dyno.untilEnded([first]);
    const attempt = scene.ask(dyno);
    await attempt.untilIdle();
    expect(await dyno.redis.exists(dyno.queues[0]?.toKey('limiter') ?? '')).toBe(1);
    expect(dyno.started).toEqual([first]);
    expect(attempt.falselyIdle).toEqual([]);
    await attempt.close();
    await dyno.untilStarted(2);
    expect(dyno.startedTwice()).toEqual([]);
  });

  describe('on which the application calls during a drain', () => {
    async function pending(promise: Promise<unknown>): Promise<boolean> {
      return (await Promise.race([promise.then(() => 'over'), delay(A_FEW_LOOKS_MS, 'pending')])) === 'pending';
    }

    it('pause(): it waits for the job that runs, and the worker stays paused', async ({ scene }) => {
      const { dyno, held, attempt } = await scene.startDraining();
      const pause = dyno.call('pause').then(() => [...dyno.ended]);
      expect(await pending(pause)).toBe(true);
      await dyno.call('release');
      expect(await pause).toEqual([held]);
      const added = await dyno.add(3, { ms: 10 });
      await attempt.close();
      await delay(A_FEW_LOOKS_MS);
      expect(dyno.started).toEqual([held]);
      await dyno.call('resume');
      await dyno.untilEnded(added);
      await scene.expectToWork(dyno);
    });

    it('resume(): the worker takes jobs, and is not idle while it does', async ({ scene }) => {
      const dyno = await scene.start();
      await scene.expectToWork(dyno);
      const attempt = scene.ask(dyno);
      await attempt.untilIdle();
      await dyno.call('resume');
      await scene.expectToWork(dyno);
      await attempt.close();
      await scene.expectToWork(dyno);
    });

    it('close(): it waits for the job that runs, which is not lost', async ({ scene }) => {
      const { dyno, held, attempt } = await scene.startDraining();
      const close = dyno.call('close').then(() => [...dyno.ended]);
      expect(await pending(close)).toBe(true);
      await dyno.call('release');
      expect(await close).toEqual([held]);
      expect(await dyno.activeCount()).toBe(0);
      expect(attempt.falselyIdle).toEqual([]);
    });

    it('run() before: it resolves when the worker closes, not when it is stopped', async ({ scene }) => {
      const dyno = await scene.start([{ autorun: false }]);
      let isOver = false;
      const run = dyno.call('run').then(() => {
        isOver = true;
      });
      await scene.expectToWork(dyno);
      const attempt = scene.ask(dyno);
      await attempt.untilIdle();
      await delay(A_FEW_LOOKS_MS);
      expect(isOver).toBe(false);
      await attempt.close();
      await scene.expectToWork(dyno);
      expect(isOver).toBe(false);
      await dyno.call('close');
      await run;
    });
  });

  // The second is longer than the key lives.
  it.for([5_000, 12_000])(
    'whose jobs block the event loop for %i ms are idle within two of them',
    async (ms, { scene }) => {
      const dyno = await scene.start();
      const added = await dyno.add(8, { ms, blocks: true });
      await dyno.untilStarted(1);
      const attempt = scene.ask(dyno);
      await attempt.untilIdle();
      expect(dyno.started.length).toBeLessThanOrEqual(3);
      expect(attempt.falselyIdle).toEqual([]);
      await attempt.close();
      await dyno.untilEnded(added.slice(0, dyno.started.length + 1));
      expect(dyno.startedTwice()).toEqual([]);
    },
  );

  it('are idle only when each of them is, and all continue', async ({ scene }) => {
    const { dyno, held, attempt } = await scene.startDraining([{}, {}]);
    const added = [...(await dyno.add(2, { ms: 10 }, 0)), ...(await dyno.add(2, { ms: 10 }, 1))];
    await delay(A_FEW_LOOKS_MS);
    expect(attempt.saysIdle()).toBe(false);
    await dyno.call('release');
    await attempt.untilIdle();
    expect(dyno.started).toEqual([held]);
    expect(attempt.falselyIdle).toEqual([]);
    await attempt.close();
    await dyno.untilEnded(added);
    await scene.expectToWork(dyno, 0);
    await scene.expectToWork(dyno, 1);
  });

  it.for(['process', 'thread'] as const)(
    'with a processor in a %s end its job, take no other, and all when the key is gone',
    async (sandboxed, { scene }) => {
      const dyno = await scene.start([{ sandboxed }]);
      const [first = '', ...others] = await dyno.add(3, { ms: 4_000 });
      await dyno.untilStarted(1);
      const attempt = scene.ask(dyno);
      await attempt.untilIdle();
      expect(dyno.ended).toEqual([first]);
      expect(dyno.started).toEqual([first]);
      expect(attempt.falselyIdle).toEqual([]);
      await attempt.close();
      await dyno.untilEnded(others);
      expect(dyno.startedTwice()).toEqual([]);
      expect(dyno.stalled).toEqual([]);
    },
  );
});
