import { expect, it } from 'vitest';
import { bearerTokenOf, digestOf, isSecret } from '../../src/access/credentials.ts';
import { isLoopbackRequest } from '../../src/access/loopback.ts';

it.each([
  ['127.0.0.1', {}, true],
  ['127.8.9.10', {}, true],
  ['::1', {}, true],
  ['::FFFF:127.0.0.1', {}, true],
  ['10.0.0.1', {}, false],
  ['127.0.0.1.example', {}, false],
  [undefined, {}, false],
  ['127.0.0.1', { forwarded: 'for=1.2.3.4' }, false],
  ['127.0.0.1', { 'X-Forwarded-Proto': 'https' }, false],
])('%s with the headers %j is loopback: %s', (address, headers, is) => {
  expect(isLoopbackRequest(new Headers(headers as Record<string, string>), address)).toBe(is);
});

it.each([
  ['Bearer abc', 'abc'],
  ['bearer  abc ', 'abc'],
  ['Bearer', null],
  ['Basic abc', null],
  [null, null],
])('reads the token of %j as %j', (header, token) => {
  expect(bearerTokenOf(header)).toBe(token);
});

it('compares secrets of any length', () => {
  expect(isSecret('abc', digestOf('abc'))).toBe(true);
  expect(isSecret('', digestOf('abc'))).toBe(false);
  expect(isSecret('abcd', digestOf('abc'))).toBe(false);
});
