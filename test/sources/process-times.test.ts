import { describe, expect, it } from 'vitest';
import { ProcessTimes } from '../../src/sources/process-times.ts';
import { T0, WHOLE_POINT } from './requests.ts';

const at = (timeMs: number, processId = 'p') => ({ ...WHOLE_POINT, processId, timeMs });
const MINUTE_MS = 60_000;

describe('the newest time of each process', () => {
  it('only moves forward', () => {
    const times = new ProcessTimes({ maxPointAgeMs: MINUTE_MS });
    expect([5, 5, 4, 6, 6].map((timeMs) => times.advance(at(timeMs)))).toEqual([true, false, false, true, false]);
  });

  it('is forgotten when what could be repeated is too old anyway, and not before', () => {
    const times = new ProcessTimes({ maxPointAgeMs: MINUTE_MS });
    times.advance(at(T0));
    times.sweep(T0 + 2 * MINUTE_MS);
    expect(times.advance(at(T0))).toBe(false);
    times.sweep(T0 + 60 * MINUTE_MS);
    expect(times.size).toBe(0);
  });

  it('is kept for a bounded number of processes', () => {
    const times = new ProcessTimes({ maxPointAgeMs: MINUTE_MS, maxProcesses: 3 });
    for (let index = 0; index < 100; index++) times.advance(at(T0, `process-${index}`));
    expect(times.size).toBe(3);
    expect(times.advance(at(T0, 'process-99'))).toBe(false);
    expect(times.advance(at(T0, 'process-96'))).toBe(true);
  });

  it('is swept again after the clock was set back', () => {
    const times = new ProcessTimes({ maxPointAgeMs: MINUTE_MS });
    times.sweep(T0);
    times.advance(at(T0 - 120 * MINUTE_MS));
    times.sweep(T0 - 60 * MINUTE_MS);
    expect(times.size).toBe(0);
  });
});
