import { afterEach, expect, it, vi } from 'vitest';
import { startInThread } from '../../src/instrument/start.ts';
import { startedOrWarned } from '../../src/instrument/warn-once.ts';

afterEach(() => {
  vi.restoreAllMocks();
});

function lines(run: () => void): readonly string[] {
  const warn = vi.spyOn(console, 'warn').mockImplementation(() => {});
  run();
  return warn.mock.calls.map(([line]) => String(line));
}

const fail = () => {
  throw new Error('ENOENT: no such file or directory, uv_resident_set_memory');
};

it('says once that a process with a worker is not measured, and throws nothing', () => {
  const said = lines(() => {
    expect(startedOrWarned('starting', true, fail)).toBeUndefined();
    startedOrWarned('starting', true, fail);
  });
  expect(said).toEqual([
    'tidemark: not started, so this process is neither measured nor drained: ' +
      'ENOENT: no such file or directory, uv_resident_set_memory',
  ]);
});

it('says nothing in a process without a worker, nor where all is well', () => {
  const said = lines(() => {
    startedOrWarned('starting', false, fail);
    expect(startedOrWarned('starting', true, () => 7)).toBe(7);
  });
  expect(said).toEqual([]);
});

it('says that the workers of a thread are not followed', () => {
  const said = lines(() => {
    startInThread(Object.freeze({ callProcessJob: () => {} }));
  });
  expect(said).toEqual([expect.stringContaining('neither measured nor drained: Cannot assign')]);
});
