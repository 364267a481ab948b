import { describe, expect, it } from 'vitest';
import { resolveActuatorSettings } from '../../src/config/resolve.ts';
import { type Boot, noteLimit, openBoot } from '../../src/detector/boot/boot.ts';
import { checkPoints, type PointsCheckInput } from '../../src/doctor/check-points.ts';
import type { PlatformDyno } from '../../src/ports.ts';
import { WHOLE_POINT } from '../sources/otlp/senders/requests.ts';

const NOW_MS = WHOLE_POINT.timeMs + 60_000;

function boot(changes: Partial<Boot['identity']> = {}, ageMs = 60_000): Boot {
  const identity = { ...WHOLE_POINT.boot, ...changes };
  const opened = openBoot({ ...WHOLE_POINT, boot: identity, timeMs: NOW_MS - ageMs });
  noteLimit(opened, 512 * 1024 ** 2);
  return opened;
}

function dyno(changes: Partial<PlatformDyno>): PlatformDyno {
  const createdAtMs = NOW_MS - 3_600_000;
  return {
    id: 'x',
    name: 'worker.1',
    processType: 'worker',
    state: 'up',
    size: null,
    createdAtMs,
    releaseVersion: 1,
    ...changes,
  };
}

function check(input: Partial<PointsCheckInput>, env: Readonly<Record<string, string>> = {}) {
  const settings = resolveActuatorSettings({ env: { TIDEMARK_TARGETS: 'shop:worker', ...env }, flags: {} });
  return checkPoints({ settings, boots: [boot()], dynos: new Map(), nowMs: NOW_MS, ...input });
}

describe('the check of the points', () => {
  it('is content with boots that report and that the platform named', () => {
    const found = check({ dynos: new Map([['shop', [dyno({})]]]) });
    expect(found.map(({ level }) => level)).toEqual(['ok', 'ok']);
    expect(found[0]?.says).toContain('shop worker.1');
  });

  it.each<[string, Parameters<typeof check>, RegExp]>([
    ['nothing that ever came', [{ boots: [] }], /no points have arrived in the last 48 hours/],
    ['points that stopped', [{ boots: [boot({}, 3_600_000)] }], /the last points came 1 h ago/],
    ['a dyno that does not name its app', [{ boots: [boot({ app: null })] }], /1 dyno without the name of an app/],
    ['a derived boot id', [{ boots: [boot({ bootIdSource: 'derived' })] }], /derived boot id/],
    ['a dyno without points', [{ dynos: new Map([['shop', [dyno({ name: 'worker.2' })]]]) }], /from shop worker\.2/],
  ])('warns of %s', (_what, args, says) => {
    expect(check(...args)).toContainEqual(
      expect.objectContaining({ level: 'warning', says: expect.stringMatching(says), advice: expect.any(String) }),
    );
  });

  it('counts dynos, not boots: the old boot of a restarted dyno is still warm', () => {
    const boots = [boot({ bootId: 'old' }, 120_000), boot({ bootId: 'new' }, 10_000), boot({ dyno: 'worker.2' })];
    expect(check({ boots })[0]?.says).toBe('points arrive from 2 dynos: shop worker.1, shop worker.2');
  });

  it('leaves out the one-off dyno that it runs in itself', () => {
    const boots = [boot(), boot({ dyno: 'run.4711', processType: 'run', bootIdSource: 'derived' })];
    const found = check({ boots });
    expect(found.map(({ level }) => level)).toEqual(['ok', 'ok']);
    expect(found[0]?.says).toBe('points arrive from 1 dyno: shop worker.1');
  });

  it('warns of an unknown quota', () => {
    const unlimited = openBoot({ ...WHOLE_POINT, timeMs: NOW_MS - 1000 });
    expect(check({ boots: [unlimited] })).toContainEqual(
      expect.objectContaining({
        level: 'warning',
        says: expect.stringMatching(/quota of shop worker\.1 is not known.*never restarted/),
        advice: expect.stringContaining('TIDEMARK_LIMIT'),
      }),
    );
  });

  it.each<[string, Partial<PlatformDyno>]>([
    ['of another type', { name: 'web.1', processType: 'web' }],
    ['that just started', { name: 'worker.2', createdAtMs: NOW_MS - 10_000 }],
    ['that is down', { name: 'worker.2', state: 'crashed' }],
  ])('asks for no points from a dyno %s', (_what, changes) => {
    const found = check({ dynos: new Map([['shop', [dyno(changes)]]]) });
    expect(found.filter(({ level }) => level === 'warning')).toEqual([]);
  });

  it('advises by the way that the points should take', () => {
    expect(check({ boots: [] })[0]?.advice).toContain('OTEL_EXPORTER_OTLP_ENDPOINT');
    const redis = { TIDEMARK_SOURCE: 'redis', REDIS_URL: 'redis://h' };
    expect(check({ boots: [] }, redis)[0]?.advice).toContain('TIDEMARK_TRANSPORT=redis');
  });

  it('says nothing when the state could not be read, which another check reports', () => {
    expect(check({ boots: null })).toEqual([]);
  });
});
