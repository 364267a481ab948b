import { vi } from 'vitest';
import { Voice } from '../../src/instrument/voice.ts';

/** The voice of a process that runs a worker, and the lines it has printed. */
export function listen(): { readonly voice: Voice; readonly lines: () => readonly string[] } {
  const warn = vi.spyOn(console, 'warn').mockImplementation(() => {});
  const voice = new Voice();
  voice.workerRuns();
  return { voice, lines: () => warn.mock.calls.map(([line]) => String(line)) };
}
