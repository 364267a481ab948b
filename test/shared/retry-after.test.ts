import { expect, it } from 'vitest';
import { parseRetryAfter } from '../../src/shared/retry-after.ts';

const NOW_MS = Date.parse('2026-03-01T12:00:00Z');

it.each([
  [undefined, null],
  [null, null],
  ['', null],
  ['soon', null],
  ['0', 0],
  ['90', 90_000],
  ['9'.repeat(400), Number.MAX_SAFE_INTEGER],
  ['Sun, 01 Mar 2026 12:00:30 GMT', 30_000],
  ['Sun, 01 Mar 2026 11:00:00 GMT', 0],
])('Retry-After: %s is a wait of %s ms', (header, ms) => {
  expect(parseRetryAfter(header, NOW_MS)).toBe(ms);
});
