import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';
import { afterEach, expect, inject, it } from 'vitest';
import { Receiver, runApp } from './instrument-harness.ts';

const BUILT = fileURLToPath(new URL('../../../dist/cjs', import.meta.url));

/** Two jobs, and the end. BullMQ stays outside the bundle: it is found the same way. */
const APPLICATION = `
import ${JSON.stringify(join(BUILT, 'register.js'))};
import { Queue, Worker } from ${JSON.stringify(fileURLToPath(import.meta.resolve('bullmq')))};
const connection = {
  host: process.env.REDIS_HOST, port: Number(process.env.REDIS_PORT), maxRetriesPerRequest: null,
};
const queue = new Queue(process.env.QUEUE, { connection });
const worker = new Worker(process.env.QUEUE, async () => {}, { connection });
let ended = 0;
worker.on('completed', async () => {
  ended += 1;
  if (ended < 2) return;
  await worker.close();
  await queue.close();
});
void queue.addBulk([{ name: 'mail', data: {} }, { name: 'mail', data: {} }]);
`;

const undo: (() => void | Promise<void>)[] = [];
afterEach(async () => {
  for (const one of undo.splice(0).reverse()) await one();
});

/** The last is what esbuild makes of ES modules. */
const BUNDLES = [
  { name: 'CommonJS', format: 'cjs', platform: 'node' },
  { name: 'ES modules', format: 'esm', platform: 'node' },
  { name: 'ES modules without require', format: 'esm', platform: 'neutral' },
] as const;

it.each(BUNDLES)('register measures from inside a bundle ($name)', async ({ format, platform }) => {
  const path = mkdtempSync(join(tmpdir(), 'tidemark-bundle-'));
  undo.push(() => rmSync(path, { recursive: true }));
  writeFileSync(join(path, 'app.js'), APPLICATION);
  const bundle = await rolldown({
    input: join(path, 'app.js'),
    platform,
    resolve: { mainFields: ['main'] },
    external: (id) => isBuiltin(id) || /bullmq.dist.cjs.index\.js$/.test(id),
  });
  const file = join(path, `bundle.${format === 'cjs' ? 'cjs' : 'mjs'}`);
  await bundle.write({ file, format, codeSplitting: false });
  await bundle.close();
  const receiver = new Receiver();
  const receiverUrl = await receiver.start();
  undo.push(() => receiver.stop());

  const app = runApp({ folder: { path }, args: [file], redisUrl: inject('redisUrl'), receiverUrl });

  expect(await app.exited).toMatchObject({ code: 0, stderr: '' });
  const durations = receiver.of('messaging.process.duration');
  expect(durations.at(-1)).toMatchObject({ attributes: { 'bullmq.job.name': 'mail' } });
});
