import { afterEach, describe, expect, inject, it } from 'vitest';
import { AppFolder, type BullmqVersion, Receiver, runApp } from './instrument-harness.ts';

const undo: (() => void | Promise<void>)[] = [];
afterEach(async () => {
  for (const one of undo.splice(0).reverse()) await one();
});

/** Starts an application of the fixtures, and a receiver for its points. */
async function launch(script: string, version: BullmqVersion, env: Record<string, string> = {}) {
  const receiver = new Receiver();
  const receiverUrl = await receiver.start();
  undo.push(() => receiver.stop());
  const folder = new AppFolder(version);
  undo.push(() => folder.remove());
  const args = ['--import', 'tidemark/register', script];
  return { receiver, app: runApp({ folder, args, redisUrl: inject('redisUrl'), receiverUrl, env }) };
}

/** The same, to its end; returns where its points arrived. */
async function run(script: string, version: BullmqVersion): Promise<Receiver> {
  const { receiver, app } = await launch(script, version);
  expect((await app.exited).code).toBe(3);
  return receiver;
}

describe.each<BullmqVersion>([6, 5])('with BullMQ %i', (version) => {
  it('a job that leaves the processor to wait is reported as such, and again when it has its next turn', async () => {
    const receiver = await run('jobs/waits.mjs', version);
    const outcomes = receiver
      .of('messaging.process.duration')
      .map(({ attributes, count }) => `${attributes['bullmq.job.name']}: ${attributes['bullmq.job.outcome']} ${count}`);
    expect(new Set(outcomes)).toEqual(new Set(['wait: waiting 1', 'wait: completed 1', 'parent: waiting_children 1']));
    expect(receiver.of('bullmq.job.active').at(-1)?.value).toBe(0);
  });

  it('a worker that has had no job reports that none runs', async () => {
    const { receiver, app } = await launch('processes/idle.mjs', version, { OTEL_METRIC_EXPORT_INTERVAL: '100' });
    await receiver.until(() => receiver.of('bullmq.job.active').length > 0);
    expect(receiver.of('bullmq.job.active').map(({ value }) => value)).toContain(0);
    app.stop();
    expect((await app.exited).code).toBe(3);
  });

  it('the jobs of a worker in a thread are those of its process', async () => {
    const env = { OTEL_METRIC_EXPORT_INTERVAL: '100' };
    const { receiver, app } = await launch('start/only-in-thread.mjs', version, env);
    const durations = () => receiver.of('messaging.process.duration');
    await receiver.until(() => durations().at(-1)?.count === 3);
    expect(durations().at(-1)?.attributes).toMatchObject({
      'bullmq.job.name': 'grow',
      'bullmq.job.outcome': 'completed',
    });
    expect(receiver.of('bullmq.job.active').at(-1)?.value).toBe(0);
    app.stop();
    expect((await app.exited).code).toBe(3);
  });

  it('the jobs of a thread count that runs them while the main thread still loads the app', async () => {
    const env = { OTEL_METRIC_EXPORT_INTERVAL: '100' };
    const { receiver, app } = await launch('start/busy-main.mjs', version, env);
    await receiver.until(() => receiver.of('messaging.process.duration').at(-1)?.count === 3);
    app.stop();
    expect((await app.exited).code).toBe(3);
  });

  it('a thread that loads Tidemark alone says that nothing is measured', async () => {
    const folder = new AppFolder(version);
    undo.push(() => folder.remove());
    const args = ['processes/only-thread-registers.mjs'];
    const app = runApp({ folder, args, redisUrl: inject('redisUrl'), receiverUrl: 'http://127.0.0.1:1' });
    const { code, stderr } = await app.exited;
    expect(code).toBe(0);
    expect(stderr).toMatch(/^tidemark: the BullMQ workers of this worker thread are not measured: [^\n]*\n$/);
  });

  it('a job in a worker thread counts as a job of its process, and its death is reported', async () => {
    const receiver = await run('processes/threads.mjs', version);
    const jobs = receiver.of('messaging.process.duration').filter(({ resource }) => {
      return resource['tidemark.process.role'] === 'main';
    });
    expect(new Set(jobs.map(({ attributes }) => attributes['tidemark.attribution']))).toEqual(new Set(['exclusive']));
    // Growth, not the net change: the next job takes the thread with it, and what was kept there comes back.
    const growth = receiver
      .of('bullmq.job.memory.growth')
      .filter(({ attributes }) => attributes['bullmq.job.name'] === 'keep');
    expect(growth.at(-1)?.value).toBeGreaterThan(45e6);
    const exits = receiver
      .of('bullmq.sandbox.exits')
      .map(
        ({ attributes, value }) =>
          `${attributes['bullmq.job.name']}: ${value} by ${attributes['tidemark.exit.reason']}`,
      );
    expect(new Set(exits)).toEqual(new Set(['leave: 1 by code']));
    expect(new Set(receiver.points.map(({ resource }) => resource['tidemark.process.role']))).toEqual(
      new Set(['main']),
    );
  });
});
