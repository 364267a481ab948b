import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { defaultPolicy } from '../../src/config/policy.ts';
import { judge } from '../../src/detector/assess.ts';
import { observe, openBoot } from '../../src/detector/boot.ts';
import { restoreBoot } from '../../src/detector/restored-boot.ts';
import { WHOLE_POINT } from '../sources/otlp/requests.ts';

const policy = defaultPolicy();
const written = () =>
  JSON.parse(JSON.stringify(observe(openBoot(WHOLE_POINT), WHOLE_POINT, policy))) as Record<string, unknown>;

const LATEST_MS = WHOLE_POINT.timeMs + 60_000;
const FUTURE_MS = WHOLE_POINT.timeMs + 3_600_000;

describe('a boot with a time that has not come yet', () => {
  const [process] = written().processes as Record<string, unknown>[];
  it.each<[string, Record<string, unknown>]>([
    ['of its first point', { firstPointMs: FUTURE_MS }],
    ['of its newest point', { lastPointMs: FUTURE_MS }],
    ['of its quota', { limitAtMs: FUTURE_MS }],
    ['of its start', { identity: { ...WHOLE_POINT.boot, startTimeMs: FUTURE_MS } }],
    ['of a process', { processes: [{ ...process, timeMs: FUTURE_MS }] }],
    ['of a value', { processes: [{ ...process, atMs: [FUTURE_MS, 0, 0, 0, 0] }] }],
    ['of its curve', { curve: { ...(written().curve as object), originMs: FUTURE_MS } }],
    ['that no clock shows', { lastPointMs: 1e300 }],
    ['before all time', { lastPointMs: -5 }],
  ])('is not restored, as no point would be news to it: %s', (_, changes) => {
    expect(restoreBoot(written(), LATEST_MS)).not.toBeNull();
    expect(restoreBoot({ ...written(), ...changes }, LATEST_MS)).toBeNull();
  });

  it('is not restored where its open bucket would never close', () => {
    const curve = written().curve as { readonly values: string };
    const values = new Float32Array(new Uint8Array(Buffer.from(curve.values, 'base64')).buffer);
    values[1] = 1e6;
    const bent = Buffer.from(values.buffer).toString('base64');
    expect(restoreBoot({ ...written(), curve: { ...curve, values: bent } }, LATEST_MS)).toBeNull();
  });
});

describe('a boot that is not restored', () => {
  it.each<[string, unknown]>([
    ['nothing', null],
    ['a text', 'boot'],
    ['of another version', { ...written(), version: 1 }],
    ['nothing but a version', { version: 2 }],
    ['without an identity', { ...written(), identity: null }],
    ['of a dyno that is no name', { ...written(), identity: { ...WHOLE_POINT.boot, dyno: 7 } }],
    ['without the time of its newest point', { ...written(), lastPointMs: undefined }],
    ['of a usage that is a text', { ...written(), usageBytes: '5' }],
    ['without processes', { ...written(), processes: undefined }],
    ['of processes that are none', { ...written(), processes: [null] }],
    ['of a process without a time', { ...written(), processes: [{ processId: 'p' }] }],
    ['of a usage that is negative', { ...written(), usageBytes: -1 }],
    ['of a name of a megabyte', { ...written(), identity: { ...WHOLE_POINT.boot, dyno: 'x'.repeat(1_000_000) } }],
    [
      'of a tuning that says nothing of the heap',
      { ...written(), tuning: { allocator: 'glibc', mallocArenaMax: null } },
    ],
    // It would go on with another curve, as if it had been seen from its start.
    ['of a curve of another layout', { ...written(), curve: { windowMs: 60_000, originMs: 0, values: 'AAAA' } }],
  ])('%s', (_, value) => {
    expect(restoreBoot(value)).toBeNull();
  });

  it('is not one that was written before tuning was told', () => {
    const { tuning: _, ...older } = written();
    expect(restoreBoot(older)).not.toBeNull();
  });

  it('whatever is changed in it: it is refused, or takes a point and is judged', () => {
    const paths = pathsOf(written());
    fc.assert(
      fc.property(fc.constantFrom(...paths), fc.jsonValue(), (path, other) => {
        const boot = restoreBoot(replaced(written(), path, other));
        if (boot === null) return;
        const later = { ...WHOLE_POINT, timeMs: WHOLE_POINT.timeMs + 60_000 };
        const context = { nowMs: later.timeMs, facts: null, learnedFloorBytes: null, uselessRestarts: 0 };
        judge(observe(boot, later, policy), context, policy);
      }),
      { numRuns: 300 },
    );
  });
});

type Path = readonly (string | number)[];

function pathsOf(value: unknown, path: Path = []): readonly Path[] {
  if (typeof value !== 'object' || value === null) return [path];
  return [path, ...Object.entries(value).flatMap(([key, inner]) => pathsOf(inner, [...path, key]))];
}

function replaced(value: unknown, [key, ...rest]: Path, other: unknown): unknown {
  if (key === undefined) return other;
  const copy = structuredClone(value) as Record<string | number, unknown>;
  copy[key] = replaced(copy[key], rest, other);
  return copy;
}
