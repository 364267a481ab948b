import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { resolvePolicy } from '../../src/config/policy.ts';
import { resolveActuatorSettings, resolveStateRedisUrl } from '../../src/config/resolve.ts';
import { ConfigError } from '../../src/model/errors.ts';
import { parseDuration, parsePercentage, parseSize } from '../../src/quantities.ts';
import { ALL_SETTINGS } from '../../src/settings/settings.ts';
import { DRY_RUN } from '../../src/settings/values.ts';

function faultsOf(env: Record<string, string>, flags: Record<string, string> = {}): readonly string[] {
  try {
    resolveActuatorSettings({ env, flags });
  } catch (error) {
    if (error instanceof ConfigError) return error.faults;
    throw error;
  }
  return [];
}

describe('quantities', () => {
  it.each([
    ['1500ms', 1500],
    ['90s', 90_000],
    ['1.5m', 90_000],
    ['24h', 86_400_000],
    ['7d', 604_800_000],
    ['120', null],
    ['', null],
    ['10 minutes', null],
    ['-5s', null],
  ])('reads the duration %j as %j ms', (text, ms) => {
    expect(parseDuration(text)).toBe(ms);
  });

  it.each([
    ['512MiB', 536_870_912],
    ['1.5GiB', 1_610_612_736],
    ['450MB', 450_000_000],
    ['1048576B', 1_048_576],
    ['512', null],
    ['512mb', null],
    ['0MB', null],
    ['99999999GiB', null],
  ])('reads the size %j as %j bytes', (text, bytes) => {
    expect(parseSize(text)).toBe(bytes);
  });

  it('reads percentages as fractions', () => {
    expect(parsePercentage('80%')).toBe(0.8);
    expect(parsePercentage('80')).toBeNull();
  });
});

describe('the settings of the actuator', () => {
  it.each([
    ['TIDEMARK_ADMIN_TOKEN', { TIDEMARK_ADMIN_TOKEN: 's3cret' }],
    ['TIDEMARK_READ_TOKEN', { TIDEMARK_ADMIN_TOKEN: 'a', TIDEMARK_READ_TOKEN: 's3cret' }],
  ])('refuse an ingest token that is also %s, and show neither', (name, env) => {
    const faults = faultsOf({ ...env, TIDEMARK_INGEST_TOKENS: 'blog=other,shop=s3cret' });
    expect(faults).toEqual([
      `TIDEMARK_INGEST_TOKENS: the token of "shop" is the same as ${name}: give it another value`,
    ]);
  });

  it('do not call missing what cannot be read', () => {
    const env = { TIDEMARK_DRY_RUN: 'false', TIDEMARK_TARGETS: 'shop', HEROKU_API_TOKEN: 'two words' };
    expect(faultsOf(env)).toEqual([
      expect.stringMatching(/^HEROKU_API_TOKEN: the value is not/),
      expect.stringMatching(/^TIDEMARK_TARGETS: "shop" is not app:type/),
    ]);
  });

  it('take a token for reading only next to an admin token of another value', () => {
    const env = { TIDEMARK_ADMIN_TOKEN: 'a', TIDEMARK_READ_TOKEN: 'r', TIDEMARK_PUBLIC_URL: 'https://tm.example/' };
    const settings = resolveActuatorSettings({ env, flags: {} });
    expect(settings).toMatchObject({ readToken: 'r', publicUrl: 'https://tm.example', weeklySummary: false });
    expect(faultsOf({ TIDEMARK_READ_TOKEN: 'r' })).toEqual([expect.stringContaining('TIDEMARK_ADMIN_TOKEN is not')]);
    expect(faultsOf({ ...env, TIDEMARK_READ_TOKEN: 'a' })).toEqual([expect.stringContaining('another value')]);
  });

  it('allow nothing and stay dry by default', () => {
    const settings = resolveActuatorSettings({ env: {}, flags: {} });
    expect(settings.permissions).toEqual({ allowed: [], dryRun: true, ownApp: null });
    expect(settings.port).toBe(4318);
    expect(settings.herokuApiUrl).toBe('https://api.heroku.com');
    expect(settings.stateRedisUrl).toBeNull();
  });

  it('scale every span with the window', () => {
    const { policy } = resolveActuatorSettings({ env: { TIDEMARK_WINDOW: '2s' }, flags: {} });
    expect(policy).toMatchObject({ windowMs: 2000, minUptimeMs: 20_000, cooldownMs: 30_000, leakHorizonMs: 60_000 });
    expect(policy.maxPointAgeMs).toBe(30_000);
    expect(policy.graceMs).toBe(120_000);
  });

  it('prefer a flag to the environment, and the environment to the default', () => {
    const env = { TIDEMARK_WINDOW: '2s', TIDEMARK_GRACE: '30s' };
    const { policy } = resolveActuatorSettings({ env, flags: { window: '5s' } });
    expect(policy).toMatchObject({ windowMs: 5000, graceMs: 30_000, maxRestartsPerHour: 4 });
  });

  it("keep the state in the queue's Redis unless another one is set for it", () => {
    const queue = { REDIS_URL: 'redis://queue:6379' };
    expect(resolveActuatorSettings({ env: queue, flags: {} }).stateRedisUrl).toBe('redis://queue:6379');
    const own = { ...queue, TIDEMARK_REDIS_URL: 'rediss://state:6380' };
    expect(resolveActuatorSettings({ env: own, flags: {} }).stateRedisUrl).toBe('rediss://state:6380');
  });

  it('list every fault at once, and never show a secret', () => {
    const faults = faultsOf(
      {
        TIDEMARK_WIDNOW: '1m',
        TIDEMARK_GRACE: '120',
        TIDEMARK_SOFT_LIMIT: '80',
        TIDEMARK_DRY_RUN: 'false',
        TIDEMARK_INGEST_TOKENS: 'hunter2',
        REDIS_URL: 'http://user:hunter3@x',
        HEROKU_API_URL: 'http://api.example.com',
      },
      { porrt: '1' },
    );
    expect(faults.map((fault) => fault.split(/[ :]/)[0])).toEqual([
      'TIDEMARK_WIDNOW',
      '--porrt',
      'REDIS_URL',
      'HEROKU_API_URL',
      'TIDEMARK_INGEST_TOKENS',
      'TIDEMARK_SOFT_LIMIT',
      'TIDEMARK_GRACE',
      'HEROKU_API_TOKEN',
      'TIDEMARK_TARGETS',
    ]);
    expect(faults[0]).toContain('did you mean TIDEMARK_WINDOW?');
    expect(faults[1]).toContain('did you mean --port?');
    expect(faults.join('\n')).not.toMatch(/hunter/);
  });

  it.each([
    ['a missing token', { TIDEMARK_TARGETS: 'shop:worker' }, 'HEROKU_API_TOKEN'],
    ['an empty allow-list', { HEROKU_API_TOKEN: 't' }, 'TIDEMARK_TARGETS'],
    ['"." for an unknown app', { HEROKU_API_TOKEN: 't', TIDEMARK_TARGETS: '.:worker' }, 'HEROKU_APP_NAME'],
  ])('refuse %s once dry run is off', (_, env, named) => {
    const faults = faultsOf({ ...env, TIDEMARK_DRY_RUN: 'false' });
    expect(faults).toHaveLength(1);
    expect(faults[0]).toContain(named);
    expect(faultsOf(env)).toEqual([]);
  });

  it.each([
    ['REDIS_URL', 'redis://:hunter%2@h'],
    ['REDIS_URL', 'redis://'],
    ['TIDEMARK_REDIS_URL', 'redis://:100%@h'],
    ['TIDEMARK_WEBHOOK_URL', 'https://me:hunter2@h/hook'],
  ])('refuse a URL in %s that nothing could connect to, without showing it', (name, url) => {
    const faults = faultsOf({ [name]: url });
    expect(faults).toEqual([expect.stringMatching(new RegExp(`^${name}: `))]);
    expect(faults[0]).not.toMatch(/hunter|100/);
  });

  it('refuse a size of zero, which every dyno would exceed', () => {
    expect(faultsOf({ TIDEMARK_MAX_RSS: '0MB' })).toEqual([expect.stringMatching(/^TIDEMARK_MAX_RSS.*"off"/)]);
  });

  it('take a list of targets that stay dry', () => {
    const env = {
      HEROKU_API_TOKEN: 't',
      TIDEMARK_TARGETS: 'shop:worker,shop-pr-*:worker',
      TIDEMARK_DRY_RUN: 'shop:worker',
    };
    const { permissions } = resolveActuatorSettings({ env, flags: {} });
    expect(permissions.dryRun).toEqual([{ app: 'shop', processType: 'worker' }]);
  });

  it.each(['shop', 'shop:', ':worker', '*:worker', 'shop:worker:2', 'Shop:worker'])(
    'refuse the target %j',
    (target) => {
      expect(faultsOf({ TIDEMARK_TARGETS: target })).toHaveLength(1);
    },
  );

  it.each(['no', 'TRUE', '0', 'off', 'shop'])('say that dry run is true or false where it is %j', (text) => {
    expect(faultsOf({ TIDEMARK_DRY_RUN: text })).toEqual([`TIDEMARK_DRY_RUN: "${text}" is not ${DRY_RUN.expected}`]);
  });

  it.each([
    ['TIDEMARK_WINDOW', '25h', '24h'],
    ['TIDEMARK_GRACE', '367d', '366d'],
    ['TIDEMARK_COOLDOWN', '99999999999999999999d', '366d'],
    ['TIDEMARK_DYNO_CYCLE', '99999999999999999999d', '366d'],
  ])('refuse %s=%s, which would end in times that no calendar has', (name, text, longest) => {
    expect(faultsOf({ [name]: text })).toEqual([expect.stringContaining(longest)]);
    expect(faultsOf({ [name]: longest })).toEqual([]);
  });

  it.each(['TIDEMARK_ADMIN_TOKEN', 'HEROKU_API_TOKEN', 'TIDEMARK_INGEST_TOKENS'])(
    'refuse in %s what no header could carry',
    (name) => {
      for (const text of ['gehe\u00efm', 'a\u001bb', '\u{1F422}'])
        expect(faultsOf({ [name]: name.endsWith('S') ? `shop=${text}` : text })).toHaveLength(1);
    },
  );

  it('show the beginning of a long value', () => {
    const [fault = ''] = faultsOf({ TIDEMARK_GRACE: '9'.repeat(100_000) });
    expect(fault).toMatch(/^TIDEMARK_GRACE: "9+\.\.\." is not a duration/);
    expect(fault.length).toBeLessThan(300);
  });

  it('switch a limit off by "off" and by 0', () => {
    for (const off of ['off', '0']) {
      const { policy } = resolveActuatorSettings({
        env: { TIDEMARK_MAX_RSS: off, TIDEMARK_DYNO_CYCLE: off },
        flags: {},
      });
      expect(policy).toMatchObject({ maxRssBytes: null, dynoCycleMs: null });
    }
  });

  it('fail only by listing faults, whatever the values', () => {
    const names = ALL_SETTINGS.map(({ name }) => name);
    fc.assert(
      fc.property(fc.dictionary(fc.constantFrom(...names), fc.string(), { maxKeys: 8 }), (env) => {
        expect(Array.isArray(faultsOf(env))).toBe(true);
      }),
    );
  });
});

describe('the settings of other commands', () => {
  it('of replay are the policy; a flag of another command is a fault, a variable of it is not', () => {
    const env = { TIDEMARK_WINDOW: '2s', TIDEMARK_TARGETS: 'shop:worker' };
    expect(resolvePolicy({ env, flags: { grace: '5s' } })).toMatchObject({ windowMs: 2000, graceMs: 5000 });
    const refused = () => resolvePolicy({ env, flags: { targets: 'shop:worker', grase: '5s' } });
    expect(refused).toThrow(
      /--targets has no effect on "tidemark replay".*\n.*--grase is not a flag.*did you mean --grace/,
    );
  });

  it('of pause are the Redis of the state, whatever is wrong elsewhere', () => {
    const env = { REDIS_URL: 'redis://queue', TIDEMARK_WIDNOW: 'x', TIDEMARK_GRACE: 'x' };
    expect(resolveStateRedisUrl(env)).toBe('redis://queue');
    expect(resolveStateRedisUrl({ ...env, REDIS_URL: 'nonsense', TIDEMARK_REDIS_URL: 'redis://state' })).toBe(
      'redis://state',
    );
    expect(() => resolveStateRedisUrl({ REDIS_URL: 'nonsense' })).toThrow(/REDIS_URL: the value is not a redis:/);
  });
});
