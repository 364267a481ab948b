import { describe, expect, it } from 'vitest';
import { BoundedNames } from '../../src/instrument/jobs/bounded-names.ts';
import { readWorkerSettings } from '../../src/instrument/settings.ts';

describe('worker settings', () => {
  it.each([
    ['nothing', {}],
    ['other variables', { PATH: '/bin', OTEL_SERVICE_NAME: 'x' }],
    [
      'good values',
      { TIDEMARK_APP: 'shop', TIDEMARK_LIMIT: '1.5GiB', TIDEMARK_MAX_JOB_NAMES: '7', TIDEMARK_TRANSPORT: 'otlp' },
    ],
    ['empty variables', { TIDEMARK_APP: '', TIDEMARK_LIMIT: ' ', TIDEMARK_EMBEDDED: '', TIDEMARK_TRANSPORT: '' }],
    [
      'spaces around a value',
      { TIDEMARK_EMBEDDED: ' true', TIDEMARK_TRANSPORT: 'redis ', TIDEMARK_MAX_JOB_NAMES: '7\t' },
    ],
    ['the actuator settings of a shared environment', { TIDEMARK_TARGETS: 'shop:worker', TIDEMARK_WINDOW: '1m' }],
  ])('finds no fault with %s', (_what, env) => {
    expect(readWorkerSettings(env).faults).toEqual([]);
  });

  it.each([
    ['TIDEMARK_LIMIT', '512', /not a size.*512MiB.*default \(found/],
    ['TIDEMARK_LIMIT', '0MiB', /not a size/],
    ['TIDEMARK_MAX_JOB_NAMES', '-1', /whole number/],
    ['TIDEMARK_MAX_JOB_NAMES', 'many', /whole number/],
    ['TIDEMARK_MAX_JOB_NAMES', '0', /whole number/],
    ['TIDEMARK_TRANSPORT', 'pigeon', /"pigeon" is not otlp/],
    ['TIDEMARK_TRANSPORT', 'redis,pigeon', /default \(otlp\)/],
    ['TIDEMARK_LIMTI', '512MiB', /not a setting/],
  ])('reports %s=%s in one sentence that names it', (name, value, fault) => {
    const { faults } = readWorkerSettings({ [name]: value });
    expect(faults).toHaveLength(1);
    expect(faults[0]).toContain(name);
    expect(faults[0]).toMatch(fault);
  });

  it.each([
    [undefined, ['otlp']],
    ['redis', ['redis']],
    ['redis, otlp', ['otlp', 'redis']],
    ['pigeon', ['otlp']],
  ])('takes the transports %j as %j', (text, transports) => {
    expect(readWorkerSettings(text === undefined ? {} : { TIDEMARK_TRANSPORT: text }).transports).toEqual(transports);
  });

  it('takes a value without the spaces around it, as the actuator does', () => {
    expect(readWorkerSettings({ TIDEMARK_EMBEDDED: ' true\n' }).embedded).toBe(true);
    expect(readWorkerSettings({ TIDEMARK_TRANSPORT: '' }).transports).toEqual(['otlp']);
  });

  it('goes on with the default in place of a bad value', () => {
    expect(readWorkerSettings({ TIDEMARK_MAX_JOB_NAMES: 'many' }).maxJobNames).toBe(100);
    expect(readWorkerSettings({ TIDEMARK_MAX_JOB_NAMES: '7' }).maxJobNames).toBe(7);
  });
});

describe('the cap on job names', () => {
  it('keeps no more than 256 characters of a name, and no half of a character', () => {
    const names = new BoundedNames(9, '_other');
    expect(names.of('x'.repeat(1_000_000))).toBe('x'.repeat(256));
    expect(names.of(`${'x'.repeat(255)}\u{1F422}`)).toBe('x'.repeat(255));
    expect(names.of(`${'x'.repeat(254)}\u{1F422}`)).toBe(`${'x'.repeat(254)}\u{1F422}`);
  });

  it('lets the first ones keep their name and gives all others one', () => {
    const names = new BoundedNames(2, '_other');
    expect(['a', 'b', 'c', 'a', 'd'].map((name) => names.of(name))).toEqual(['a', 'b', '_other', 'a', '_other']);
  });
});
