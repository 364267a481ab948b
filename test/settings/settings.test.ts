import { describe, expect, it } from 'vitest';
import { readWorkerSettings } from '../../src/instrument/settings.ts';
import { ALL_SETTINGS, SETTINGS, settingsOf } from '../../src/settings/settings.ts';
import { SECRET } from '../../src/settings/values.ts';

const WINDOW_MS = 60_000;

describe('the declared settings', () => {
  it('have each their own name and flag', () => {
    const names = ALL_SETTINGS.map(({ name }) => name);
    const flags = ALL_SETTINGS.flatMap(({ flag }) => flag ?? []);
    expect(new Set(names).size).toBe(names.length);
    expect(new Set(flags).size).toBe(flags.length);
  });

  it('refuse a secret with a space inside, which no Bearer header could carry', () => {
    expect(SECRET.parse(' token ')).toEqual({ value: 'token' });
    expect(SECRET.parse('two words')).not.toHaveProperty('value');
  });

  it('have no flag when a process list would show a secret', () => {
    expect(ALL_SETTINGS.filter(({ name }) => /TOKEN|WEBHOOK/.test(name)).map(({ flag }) => flag)).toEqual(
      Array(6).fill(null),
    );
  });

  it.each([
    [SETTINGS.port, 4318],
    [SETTINGS.softLimit, { kind: 'fraction', fraction: 0.8 }],
    [SETTINGS.hardLimit, { kind: 'fraction', fraction: 1 }],
    [SETTINGS.maxRssBytes, null],
    [SETTINGS.windowMs, WINDOW_MS],
    [SETTINGS.minUptimeMs, 10 * WINDOW_MS],
    [SETTINGS.cooldownMs, 15 * WINDOW_MS],
    [SETTINGS.leakHorizonMs, 30 * WINDOW_MS],
    [SETTINGS.maxPointAgeMs, 2 * WINDOW_MS],
    [SETTINGS.graceMs, 120_000],
    [SETTINGS.maxRestartsPerHour, 4],
    [SETTINGS.minHealthy, 0],
    [SETTINGS.dynoCycleMs, 24 * 3_600_000],
    [SETTINGS.dryRun, true],
    [SETTINGS.sources, ['otlp']],
    [SETTINGS.transports, ['otlp']],
    [SETTINGS.maxJobNames, 100],
  ])('$name has its documented default', ({ fallback }, value) => {
    expect(fallback.of(WINDOW_MS)).toEqual(value);
  });

  it('are all known to the worker, which reads its own and leaves the rest alone', () => {
    for (const { name, readBy } of ALL_SETTINGS) {
      const { faults } = readWorkerSettings({ [name]: '?!' });
      expect(
        faults.filter((fault) => fault.includes('is not a setting')),
        name,
      ).toEqual([]);
      if (!readBy.includes('worker')) expect(faults, name).toEqual([]);
    }
    expect(settingsOf('worker').map(({ name }) => name)).toEqual([
      'HEROKU_APP_NAME',
      'TIDEMARK_TRANSPORT',
      'TIDEMARK_EMBEDDED',
      'TIDEMARK_APP',
      'TIDEMARK_LIMIT',
      'TIDEMARK_MAX_JOB_NAMES',
      'TIDEMARK_MEMORY_REPORT',
    ]);
  });
});
