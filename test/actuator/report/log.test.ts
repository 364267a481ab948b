import { describe, expect, it } from 'vitest';
import { createLog } from '../../../src/actuator/report/log.ts';

function logged(secrets: readonly string[], message: string, fields: object): string {
  const lines: string[] = [];
  createLog(secrets, { write: (line) => lines.push(line) }).info(message, fields);
  expect(lines).toHaveLength(1);
  return lines[0] ?? '';
}

describe('the log', () => {
  it('writes one JSON object a line, with time, level and fields', () => {
    const line = JSON.parse(logged([], 'decision', { app: 'shop', usageBytes: 1 }));
    expect(line).toMatchObject({ level: 'info', msg: 'decision', app: 'shop', usageBytes: 1 });
    expect(new Date(line.time).toISOString()).toBe(line.time);
  });

  it('writes what JSON has no form for: large integers, and errors by their message', () => {
    const line = JSON.parse(logged([], 'partition', { offset: 12n, error: new TypeError('gone') }));
    expect(line).toMatchObject({ offset: '12', error: 'gone' });
  });

  it.each([
    ['a configured secret, deep in the fields', { error: { message: 'no s3cret-t0ken here' } }],
    ["Heroku's token by its form", { message: 'HRKU-01234567-89ab' }],
    ['credentials in a URL', { url: 'rediss://user:pa55@host:6379' }],
    ['a bearer token', { headers: { authorization: 'Bearer abc.def' } }],
  ])('strikes out %s', (_, fields) => {
    const line = logged(['s3cret-t0ken'], 'fault', fields);
    expect(line).not.toMatch(/s3cret|01234567|pa55|abc\.def/);
    expect(line).toContain('[redacted]');
    expect(() => JSON.parse(line)).not.toThrow();
  });

  it.each([
    ['colons after a scheme', `://${':'.repeat(100_000)}`],
    ['schemes', '://'.repeat(30_000)],
    ['beginnings of tokens', 'HRKU-'.repeat(20_000)],
    ['beginnings of bearer tokens', 'Bearer '.repeat(15_000)],
  ])('reads a text of many %s once, not once for each of them', { timeout: 5_000 }, (_, message) => {
    expect(JSON.parse(logged(['s3cret'], 'fault', { message }))).toMatchObject({ msg: 'fault' });
  });

  it('holds no character that a terminal obeys', () => {
    const name = '\u001b[2J\u009b31m\u202eevil\u2028\n';
    const line = logged([], 'decision', { app: name });
    expect(line.slice(0, -1)).toMatch(/^[ -~]+$/);
    expect(JSON.parse(line)).toMatchObject({ app: name });
  });
});
