import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { calmLog } from '../../../src/actuator/report/calm-log.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

function calm() {
  const lines: string[] = [];
  const take = (message: string, fields?: object) => {
    lines.push(`${message} ${JSON.stringify(fields ?? null)}`);
  };
  return { lines, log: calmLog({ info: take, warn: take, error: take }) };
}

it('says each of three targets, and counts those after them', () => {
  const { lines, log } = calm();
  for (let round = 0; round < 2; round += 1)
    for (const target of ['a:web', 'b:web', 'c:web', 'd:web']) log.warn('the ledger could not be read', { target });
  vi.advanceTimersByTime(60_000);
  expect(lines).toEqual([
    'the ledger could not be read {"target":"a:web"}',
    'the ledger could not be read {"target":"b:web"}',
    'the ledger could not be read {"target":"c:web"}',
    'the ledger could not be read (5 more times within 60 s) {"target":"d:web"}',
  ]);
});

it('does not let one warning count for another', () => {
  const { lines, log } = calm();
  for (const message of ['one', 'other', 'one']) log.warn(message);
  log.info('news');
  log.error('fault');
  expect(lines).toEqual(['one null', 'other null', 'news null', 'fault null']);
});
