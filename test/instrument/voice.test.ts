import { afterEach, expect, it, vi } from 'vitest';
import { Voice } from '../../src/instrument/voice.ts';
import { listen } from './said-lines.ts';

afterEach(() => vi.restoreAllMocks());

it('says nothing in a process without a worker, and all that waited when one runs', () => {
  const warn = vi.spyOn(console, 'warn').mockImplementation(() => {});
  const voice = new Voice();
  voice.say('first');
  expect(warn).not.toHaveBeenCalled();
  voice.workerRuns();
  voice.say('second');
  voice.workerRuns();
  expect(warn.mock.calls).toEqual([['tidemark: first'], ['tidemark: second']]);
});

it('keeps few of the lines of a process that never runs a worker', () => {
  const warn = vi.spyOn(console, 'warn').mockImplementation(() => {});
  const voice = new Voice();
  for (let line = 0; line < 1000; line += 1) voice.say('again');
  voice.workerRuns();
  expect(warn.mock.calls.length).toBeLessThan(50);
});

it('prints one line of bounded length without control characters, whatever it is given', () => {
  const { voice, lines } = listen();
  voice.say(`a\n2026-01-01 fake log line\u001b[31mred\u0000\u2028end \u202egnp.exe ${'x'.repeat(5000)}`);
  expect(lines()).toHaveLength(1);
  expect(lines()[0]).toMatch(/^tidemark: a 2026-01-01 fake log line \[31mred end gnp\.exe x+\.\.\.$/);
  expect(lines()[0]?.length).toBeLessThan(800);
});

it('never throws, though the application has broken its console', () => {
  vi.spyOn(console, 'warn').mockImplementation(() => {
    throw new Error('closed');
  });
  const voice = new Voice();
  voice.workerRuns();
  expect(() => voice.say('x')).not.toThrow();
});
