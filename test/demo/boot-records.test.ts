import { describe, expect, it } from 'vitest';
import { BootRecords, lastingOverMs, lastUsageBytes } from '../../src/demo/boot-records.ts';
import { MIB } from '../../src/demo/plan.ts';
import type { DynoEvent, LogEntry } from '../../src/testbed/dyno-manager/event-log.ts';
import { boot, LOW, PEAKS, PLATEAU, SOFT } from './boots.ts';

function entry(event: DynoEvent, dynoId: string | null, timeMs: number, detail: string | null = null): LogEntry {
  return { timeMs, app: 'shop', event, dyno: dynoId === null ? null : 'worker.1', dynoId, detail };
}

function fold(entries: readonly LogEntry[]): BootRecords {
  const records = new BootRecords();
  for (const one of entries) records.observe(one);
  return records;
}

describe('the records of boots', () => {
  it('distinguish a boot that was restarted through the API from the one that replaced it', () => {
    const records = fold([
      entry('boot', 'a', 0),
      entry('up', 'a', 1),
      entry('restart-requested', 'a', 100),
      entry('sigterm', 'a', 100),
      entry('boot', 'b', 101),
      entry('exit', 'a', 300, 'code 0'),
    ]);
    expect(
      records.of('worker.1').map(({ bootId, number, end, endedAtMs }) => ({ bootId, number, end, endedAtMs })),
    ).toEqual([
      { bootId: 'a', number: 1, end: 'restarted', endedAtMs: 300 },
      { bootId: 'b', number: 2, end: null, endedAtMs: null },
    ]);
    expect(records.get('a')?.restartRequestsMs).toEqual([100]);
  });

  it.each([
    ['signal SIGKILL', 'killed'],
    ['code 1', 'crashed'],
  ])('call an end by %s %s', (detail, end) => {
    const records = fold([entry('boot', 'a', 0), entry('crashed', 'a', 10, detail)]);
    expect(records.get('a')).toMatchObject({ end, endDetail: detail });
  });

  it('count two restarts of one boot', () => {
    const records = fold([
      entry('boot', 'a', 0),
      entry('restart-requested', 'a', 1),
      entry('restart-requested', 'a', 2),
    ]);
    expect(records.get('a')?.restartRequestsMs).toHaveLength(2);
  });

  it('ignore entries about unknown boots', () => {
    expect(fold([entry('release', null, 0), entry('exit', 'stranger', 1)]).all).toEqual([]);
  });

  it('take samples of a boot only while it runs and its memory can be read', () => {
    const records = fold([entry('boot', 'a', 0)]);
    records.sample({ dynoId: 'a', memoryBytes: 5 }, 1);
    records.sample({ dynoId: 'a', memoryBytes: null }, 2);
    records.sample({ dynoId: 'stranger', memoryBytes: 7 }, 3);
    records.observe(entry('crashed', 'a', 4, 'code 1'));
    records.sample({ dynoId: 'a', memoryBytes: 6 }, 5);
    expect(records.get('a')?.samples).toEqual([{ timeMs: 1, usageBytes: 5 }]);
  });
});

describe('the time that memory has stayed above a limit', () => {
  const LONG_PEAK = [...PLATEAU, 120];
  it.each([
    ['a plateau', PLATEAU, 9_500],
    ['peaks that came back', PEAKS, 0],
    ['a peak as long as a plateau that came back after all', LONG_PEAK, 0],
    ['a peak that has not come back yet', [...LOW, 430, 440], 500],
    ['nothing', [], 0],
    ['a value at the limit itself', [400, 400, 400], 0],
  ])('of %s', (_, megabytes, expectedMs) => {
    expect(lastingOverMs(boot(megabytes), SOFT)).toBe(expectedMs);
  });

  it('ends with the request to restart: later samples show processes that are ending', () => {
    expect(lastingOverMs(boot(LONG_PEAK, { restartRequestsMs: [10_000] }), SOFT)).toBe(8_000);
  });
});

describe('the last usage', () => {
  it('is the median of the last samples, so that one peak does not count', () => {
    expect(lastUsageBytes(boot([450, 120, 121, 440, 119, 122]).samples)).toBe(121 * MIB);
  });

  it('is unknown without samples', () => {
    expect(lastUsageBytes([])).toBeNull();
  });
});
