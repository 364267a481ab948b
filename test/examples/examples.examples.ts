import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, inject, it } from 'vitest';
import { Receiver, runApp } from '../integration/instrument/instrument-harness.ts';
import { InstalledApp } from './installed-app.ts';

const EXAMPLES = fileURLToPath(new URL('../../examples/', import.meta.url));
const JOBS = 10;

const undo: (() => unknown)[] = [];
afterEach(async () => {
  for (const one of undo.splice(0).reverse()) await one();
});

/** A database of its own for each, because all take their jobs from the queue `mail`. */
let databases = 0;

/**
 * Installs an example as a stranger would, lets it do ten jobs, and ends it as the platform does. Nothing is exported
 * on the way (the interval is the default, 10 s, or the SDK's own minute), so that what has arrived in the end was
 * delivered at the end.
 */
async function run(name: string, prepare?: (app: InstalledApp) => void) {
  const app = await InstalledApp.install(`${EXAMPLES}${name}`, inject('tarball'));
  undo.push(() => app.remove());
  await app.npm('ls', '--all');
  if (app.has('build')) await app.npm('run', 'build');
  const receiver = new Receiver();
  const receiverUrl = await receiver.start();
  undo.push(() => receiver.stop());
  const redisUrl = `${inject('redisUrl')}/${++databases}`;
  const env = { REDIS_URL: redisUrl, OTEL_METRIC_EXPORT_INTERVAL: '60000', TIDEMARK_LIMIT: '512MiB' };
  const start = (script: string) => runApp({ folder: app, args: app.argsOf(script), redisUrl, receiverUrl, env });
  expect(await start('add').exited).toMatchObject({ code: 0, stderr: '' });
  prepare?.(app);
  const worker = start('start');
  await worker.lines(/ done$/, JOBS);
  worker.terminate();
  return { receiver, ...(await worker.exited) };
}

/** By job name, the last of each series. */
function durations(receiver: Receiver) {
  const series = new Map(
    receiver.of('messaging.process.duration').map((point) => [JSON.stringify(point.attributes), point] as const),
  );
  return [...series.values()];
}

function expectJobs(receiver: Receiver, attribution: RegExp) {
  const points = durations(receiver);
  expect(points.reduce((sum, { count }) => sum + count, 0)).toBe(JOBS);
  expect(new Set(points.map(({ attributes }) => attributes['bullmq.job.name']))).toEqual(
    new Set(['welcome', 'invoice']),
  );
  for (const { attributes } of points) {
    expect(attributes).toMatchObject({
      'messaging.system': 'bullmq',
      'messaging.destination.name': 'mail',
      'bullmq.job.outcome': 'completed',
      'tidemark.attribution': expect.stringMatching(attribution),
    });
  }
}

function expectDyno(receiver: Receiver, resource: Readonly<Record<string, string>>) {
  expect(receiver.of('process.memory.usage').at(-1)?.value).toBeGreaterThan(30e6);
  expect(receiver.of('tidemark.dyno.memory.usage').at(-1)?.value).toBeGreaterThanOrEqual(0);
  expect(receiver.of('tidemark.dyno.memory.limit').at(-1)?.value).toBe(512 * 1024 ** 2);
  for (const point of receiver.of('process.memory.usage')) {
    expect(point.resource).toMatchObject({
      'heroku.app.name': 'shop',
      'heroku.dyno.name': 'worker.1',
      'heroku.process.type': 'worker',
      'tidemark.process.allocator': expect.any(String),
      'tidemark.process.heap_limit': expect.stringMatching(/^\d+$/),
      'tidemark.process.heap_limit_source': 'default',
      ...resource,
    });
  }
}

describe('an example, installed from the packed package', () => {
  it.each(['esm-worker', 'commonjs-worker', 'typescript-worker'])('%s', async (name) => {
    const { receiver, code, stderr } = await run(name);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expectJobs(receiver, /^(shared|exclusive)$/);
    expectDyno(receiver, { 'service.name': 'shop', 'tidemark.process.role': 'main' });
    const kept = receiver
      .of('bullmq.job.memory.net')
      .filter(({ attributes }) => attributes['bullmq.job.name'] !== '_idle');
    expect(kept.reduce((sum, { value }) => sum + value, 0)).toBeGreaterThan(10e6);
  });

  it('sandboxed-processor', async () => {
    const { receiver, code, stderr } = await run('sandboxed-processor');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const main = receiver.points.filter(({ resource }) => resource['tidemark.process.role'] === 'main');
    expect(main.length).toBeGreaterThan(0);
    expectJobs(receiver, /^sandboxed$/);
    const kept = receiver
      .of('bullmq.job.memory.net')
      .filter(({ attributes }) => attributes['tidemark.attribution'] === 'sandboxed');
    expect(kept.reduce((sum, { value }) => sum + value, 0)).toBeGreaterThan(100e6);
  });

  it('nestjs', async () => {
    const { receiver, signal, stderr } = await run('nestjs');
    expect({ signal, stderr }).toEqual({ signal: 'SIGTERM', stderr: '' });
    expectJobs(receiver, /^(shared|exclusive)$/);
    expectDyno(receiver, { 'service.name': 'shop', 'tidemark.process.role': 'main' });
  });

  it('own-sdk: on its own resource, and next to bullmq-otel', async () => {
    const { receiver, code, stderr } = await run('own-sdk');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expectJobs(receiver, /^(shared|exclusive)$/);
    expectDyno(receiver, { 'service.name': 'mailer' });
    expect(receiver.points.filter(({ metric }) => metric.startsWith('bullmq.jobs.'))).not.toEqual([]);
    expect(new Set(receiver.points.map(({ resource }) => resource['service.name']))).toEqual(new Set(['mailer']));
  });

  it('bundled-worker: without node_modules', async () => {
    const { receiver, code, stderr } = await run('bundled-worker', (app) => app.dropModules());
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expectJobs(receiver, /^(shared|exclusive)$/);
    expectDyno(receiver, { 'service.name': 'shop', 'tidemark.process.role': 'main' });
  });
});
