import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, it } from 'vitest';

const VOICE = new URL('../../src/instrument/voice.ts', import.meta.url).href;
const LOGGER = new URL('../../src/instrument/console-logger.ts', import.meta.url).href;
/** Two sentences wait for a worker; the second is printed just after the first one has failed. */
const APPLICATION = `
const { Voice } = await import('${VOICE}');
process.stdin.once('data', () => {
  const voice = new Voice();
  for (const sentence of ['first', 'second', 'third']) voice.say(sentence);
  voice.workerRuns();
  setTimeout(() => voice.say('fourth'), 10);
  // The application's own: without Tidemark's lines, Node would tolerate that these fail.
  setTimeout(() => ['one', 'two'].forEach((line) => console.error(line)), 30);
  setTimeout(() => process.exit(7), 60);
});
process.stdout.write('ready');
`;

it('leaves an application whose standard error is closed as it was, however much is printed', async () => {
  const child = spawn(process.execPath, ['--input-type=module', '--eval', APPLICATION]);
  child.stderr.destroy();
  await once(child.stdout, 'data');
  child.stdin.end('go');
  expect(await once(child, 'close')).toEqual([7, null]);
});

/** OpenTelemetry's diagnostics below the level of warnings go to standard output. */
const CHATTY_APPLICATION = `
const { logToConsole } = await import('${LOGGER}');
const { diag } = await import('@opentelemetry/api');
process.stdin.once('data', () => {
  logToConsole('debug');
  diag.info('first');
  setTimeout(() => diag.info('second'), 20);
  setTimeout(() => console.log('of the application'), 40);
  setTimeout(() => process.exit(7), 70);
});
process.stderr.write('ready');
`;

it("prints OpenTelemetry's diagnostics on the application's output", async () => {
  const child = spawn(process.execPath, ['--input-type=module', '--eval', CHATTY_APPLICATION]);
  let output = '';
  child.stdout.on('data', (chunk) => {
    output += chunk;
  });
  await once(child.stderr, 'data');
  child.stdin.end('go');
  await once(child, 'close');
  expect(output).toMatch(/^first\nsecond\nof the application\n$/m);
});

it('leaves an application whose standard output is closed as it was, whatever OpenTelemetry logs', async () => {
  const child = spawn(process.execPath, ['--input-type=module', '--eval', CHATTY_APPLICATION]);
  child.stdout.destroy();
  await once(child.stderr, 'data');
  child.stdin.end('go');
  expect(await once(child, 'close')).toEqual([7, null]);
});

const PRINTER = new URL('../../src/instrument/print-line.ts', import.meta.url).href;
const THREADS = `
const { Worker } = await import('node:worker_threads');
const { printLine } = await import('${PRINTER}');
const threads = Array.from({ length: 12 }, () => new Worker('setInterval(() => {}, 1000)', { eval: true }));
await Promise.all(threads.map((thread) => new Promise((resolve) => thread.once('online', resolve))));
printLine('said');
await Promise.all(threads.map((thread) => thread.terminate()));
`;

it('makes Node warn of no leak in an application with many threads', async () => {
  const child = spawn(process.execPath, ['--input-type=module', '--eval', THREADS]);
  let output = '';
  child.stderr.on('data', (chunk: Buffer) => {
    output += chunk;
  });
  expect(await once(child, 'close')).toEqual([0, null]);
  expect(output).toBe('said\n');
});
