import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, inject, test } from 'vitest';
import { MATRIX } from './bullmq-versions.ts';
import type { MatrixDyno } from './matrix-dyno.ts';
import { Scene } from './scene.ts';

/**
 * Longer than the time between two looks at the key while workers are stopped. Nothing tells from outside that they
 * have looked.
 */
const A_FEW_LOOKS_MS = 2_000;

async function expectToStayPaused(dyno: MatrixDyno): Promise<void> {
  const before = dyno.started.length;
  const added = await dyno.add(3, { ms: 10 });
  await delay(A_FEW_LOOKS_MS);
  expect((await dyno.states())[0]?.paused).toBe(true);
  expect(dyno.started).toHaveLength(before);
  await dyno.call('resume');
  await dyno.untilEnded(added);
}

describe.each(MATRIX)('a drain that ends without a restart, of workers of BullMQ %s', (version) => {
  const it = test.extend<{ version: string; scene: Scene }>({
    version,
    scene: async ({ version }, use) => {
      const scene = new Scene(version, inject('redisUrl'));
      await use(scene);
      await scene.stop();
    },
  });

  it('whose queue is paused: they are idle after their job, and continue when it is resumed', async ({ scene }) => {
    const { dyno, held } = await scene.startWithHeldJob([{ concurrency: 3 }]);
    await dyno.queues[0]?.pause();
    const attempt = scene.ask(dyno);
    await attempt.untilAnswered();
    const added = await dyno.add(3, { ms: 10 });
    await dyno.call('release');
    await attempt.untilIdle();
    expect(dyno.started).toEqual([held]);
    expect(attempt.falselyIdle).toEqual([]);
    await attempt.close();
    await delay(A_FEW_LOOKS_MS);
    expect(dyno.started).toEqual([held]);
    await dyno.queues[0]?.resume();
    await dyno.untilEnded(added);
    await scene.expectToWork(dyno);
  });

  it('whose queue is resumed in the drain: they take no job before its end', async ({ scene }) => {
    const dyno = await scene.start();
    await scene.expectToWork(dyno);
    await dyno.queues[0]?.pause();
    const added = await dyno.add(3, { ms: 10 });
    const before = dyno.started.length;
    const attempt = scene.ask(dyno);
    await attempt.untilIdle();
    await dyno.queues[0]?.resume();
    await delay(A_FEW_LOOKS_MS);
    expect(dyno.started).toHaveLength(before);
    expect(attempt.saysIdle()).toBe(true);
    await attempt.close();
    await dyno.untilEnded(added);
    await scene.expectToWork(dyno);
  });

  it.for(['is closed', 'loses its actuator'])(
    'that the application had paused, and which %s',
    async (end, { scene }) => {
      const dyno = await scene.start([{ concurrency: 2 }]);
      await scene.expectToWork(dyno);
      await dyno.call('pause');
      const attempt = scene.ask(dyno);
      await attempt.untilIdle();
      if (end === 'is closed') await attempt.close();
      else {
        await attempt.die();
        await dyno.until(async () => (await dyno.redis.exists(dyno.keys.question)) === 0, 'the key has expired');
        await delay(A_FEW_LOOKS_MS);
      }
      await expectToStayPaused(dyno);
      await scene.expectToWork(dyno);
    },
  );

  it('that the application starts in the drain: they take no job before its end', async ({ scene }) => {
    const dyno = await scene.start([{}, { autorun: false }]);
    await scene.expectToWork(dyno);
    const attempt = scene.ask(dyno);
    await attempt.untilIdle();
    void dyno.call('run', 1);
    const added = await dyno.add(3, { ms: 10 }, 1);
    const before = dyno.started.length;
    await delay(A_FEW_LOOKS_MS);
    expect(dyno.started).toHaveLength(before);
    expect(attempt.saysIdle()).toBe(true);
    await attempt.close();
    await dyno.untilEnded(added);
    await scene.expectToWork(dyno, 1);
  });

  it('that the application starts after the drain', async ({ scene }) => {
    const dyno = await scene.start([{}, { autorun: false }]);
    await scene.expectToWork(dyno);
    const attempt = scene.ask(dyno);
    await attempt.untilIdle();
    await attempt.close();
    await delay(A_FEW_LOOKS_MS);
    const added = await dyno.add(3, { ms: 10 }, 1);
    expect((await dyno.states())[1]?.running).toBe(false);
    void dyno.call('run', 1);
    await dyno.untilEnded(added);
  });

  it('of which several take jobs of one queue: each ends its own, and all continue', async ({ scene }) => {
    const queue = `queue-${randomUUID()}`;
    const dyno = await scene.start([{ queue, concurrency: 2 }, { queue }, { queue }]);
    const held = await dyno.add(4);
    await dyno.untilStarted(4);
    const attempt = scene.ask(dyno);
    await attempt.untilAnswered();
    const added = await dyno.add(6, { ms: 10 });
    await delay(A_FEW_LOOKS_MS);
    expect(attempt.saysIdle()).toBe(false);
    await dyno.call('release');
    await attempt.untilIdle();
    expect([...dyno.started].sort()).toEqual([...held].sort());
    expect(attempt.falselyIdle).toEqual([]);
    await attempt.close();
    await dyno.untilEnded(added);
    for (const worker of [0, 1]) await dyno.call('close', worker);
    // The last one alone.
    await scene.expectToWork(dyno, 2);
  });

  it('of which the application closes one in the drain: the other one continues', async ({ scene }) => {
    const queue = `queue-${randomUUID()}`;
    const dyno = await scene.start([{ queue }, { queue }]);
    const held = await dyno.add(2);
    await dyno.untilStarted(2);
    const attempt = scene.ask(dyno);
    await attempt.untilAnswered();
    const added = await dyno.add(3, { ms: 10 });
    const closed = dyno.call('close', 0);
    await delay(A_FEW_LOOKS_MS);
    expect(attempt.saysIdle()).toBe(false);
    await dyno.call('release');
    await closed;
    await attempt.untilIdle();
    expect([...dyno.started].sort()).toEqual([...held].sort());
    expect(attempt.falselyIdle).toEqual([]);
    await attempt.close();
    await dyno.untilEnded(added);
    await scene.expectToWork(dyno, 1);
  });

  it('whose jobs the application fetches itself: it gets none in the drain, and the others after it', async ({
    scene,
  }) => {
    const { dyno, held } = await scene.startWithHeldJob([{ byHand: true, lockDuration: 60_000 }]);
    const attempt = scene.ask(dyno);
    await attempt.untilAnswered();
    const added = await dyno.add(3, { ms: 10 });
    await delay(A_FEW_LOOKS_MS);
    expect(attempt.saysIdle()).toBe(false);
    await dyno.call('release');
    await attempt.untilIdle();
    expect(dyno.started).toEqual([held]);
    expect(attempt.falselyIdle).toEqual([]);
    await attempt.close();
    await dyno.untilEnded(added);
    await scene.expectToWork(dyno);
  });

  it('that the application makes wait for a job: it gets none in the drain, and the others after it', async ({
    scene,
  }) => {
    const dyno = await scene.start([{ byHand: true }]);
    await scene.expectToWork(dyno);
    const before = dyno.started.length;
    const attempt = scene.ask(dyno);
    await attempt.untilIdle();
    const added = await dyno.add(3, { ms: 10 });
    await delay(A_FEW_LOOKS_MS);
    expect(dyno.started).toHaveLength(before);
    expect(attempt.saysIdle()).toBe(true);
    expect(attempt.falselyIdle).toEqual([]);
    await attempt.close();
    await dyno.untilEnded(added);
    await scene.expectToWork(dyno);
  });

  it('while another dyno dies: they take its jobs after the drain, each once', async ({ scene }) => {
    const queue = `queue-${randomUUID()}`;
    const checks = { queue, lockDuration: 2_000, stalledInterval: 1_000 };
    const dyno = await scene.start([{ ...checks }]);
    await scene.expectToWork(dyno);
    const attempt = scene.ask(dyno);
    await attempt.untilIdle();
    const dying = await scene.start([{ ...checks, concurrency: 2 }]);
    const lost = await dying.add(2);
    await dying.untilStarted(2);
    const before = dyno.started.length;
    await dying.stop();
    await dyno.until(async () => dyno.stalled.length === 2, 'the jobs have stalled');
    expect(dyno.started).toHaveLength(before);
    expect(attempt.saysIdle()).toBe(true);
    await dyno.call('release');
    await attempt.close();
    await dyno.untilEnded(lost);
    expect(dyno.startedTwice()).toEqual([]);
  });

  it('that run in a thread: they end their job, take no other, and all after the drain', async ({ scene }) => {
    const { dyno, held, attempt } = await scene.startDraining([{}, { sandboxed: 'thread' }], true);
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
  });
});
