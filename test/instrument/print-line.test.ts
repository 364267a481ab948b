import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, it } from 'vitest';

const VOICE = new URL('../../src/instrument/voice.ts', import.meta.url).href;
/** Two sentences wait for a worker; the second is printed just after the first one has failed. */
const APPLICATION = `
const { Voice } = await import('${VOICE}');
process.stdin.once('data', () => {
  const voice = new Voice();
  for (const sentence of ['first', 'second', 'third']) voice.say(sentence);
  voice.workerRuns();
  setTimeout(() => process.exit(7), 50);
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
