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
  ['127.0.0.1', { 'X-Forwarded': 'for=1.2.3.4' }, false],
  ['127.0.0.1', { 'X-Real-IP': '1.2.3.4' }, false],
  ['127.0.0.1', { Via: '1.1 proxy' }, false],
  ['127.0.0.1', { 'CF-Connecting-IP': '1.2.3.4' }, false],
  ['127.0.0.1', { 'CF-Ray': '1' }, false],
  ['127.0.0.1', { 'True-Client-IP': '1.2.3.4' }, false],
  ['127.0.0.1', { 'X-Client-IP': '1.2.3.4' }, false],
  ['127.0.0.1', { 'Fastly-Client-IP': '1.2.3.4' }, false],
  ['127.0.0.1', { 'X-Envoy-External-Address': '1.2.3.4' }, false],
  ['127.0.0.1', { 'X-Amzn-Trace-Id': 'Root=1' }, false],
  ['127.0.0.1', { host: 'evil.example' }, false],
  ['127.0.0.1', { host: '127.0.0.1.evil.example:4318' }, false],
  ['127.0.0.1', { host: 'localhost.evil.example' }, false],
  ['127.0.0.1', { host: 'localhost:4318' }, true],
  ['127.0.0.1', { host: 'LOCALHOST' }, true],
  ['::1', { host: '[::1]:4318' }, true],
  ['127.0.0.1', { host: '127.0.0.1:4318', 'user-agent': 'x', 'x-api-key': 'y', accept: '*/*' }, true],
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
