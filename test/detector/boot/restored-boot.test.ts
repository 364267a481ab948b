import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { defaultPolicy } from '../../../src/config/policy.ts';
import { observe, openBoot, SNAPSHOT_VERSION } from '../../../src/detector/boot/boot.ts';
import { restoreBoot } from '../../../src/detector/boot/restored-boot.ts';
import { classify } from '../../../src/detector/classes/classify.ts';
import type { CurveState } from '../../../src/detector/curve/curve.ts';
import { Ring } from '../../../src/detector/curve/ring.ts';
import { NO_JOB_LOAD } from '../../../src/detector/load/job-load.ts';
import { assess } from '../../../src/detector/rules/assess.ts';
import { WHOLE_POINT } from '../../sources/otlp/senders/requests.ts';
import { featuresWith } from '../made-features.ts';

const policy = defaultPolicy();

function ringOf(row: readonly number[]): unknown {
  const ring = new Ring(row.length, 32);
  ring.push(row);
  return JSON.parse(JSON.stringify(ring));
}

function classifiedAt(timeMs: number): object {
  return JSON.parse(JSON.stringify(classify(featuresWith({ timeMs }), null))) as object;
}

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
    ['of a value', { processes: [{ ...process, atMs: [FUTURE_MS, 0, 0, 0, 0, 0] }] }],
    ['of its curve', { curve: { ...(written().curve as object), originMs: FUTURE_MS } }],
    ['that no clock shows', { lastPointMs: 1e300 }],
    ['before all time', { lastPointMs: -5 }],
  ])('is not restored, as no point would be news to it: %s', (_, changes) => {
    expect(restoreBoot(written(), LATEST_MS)).not.toBeNull();
    expect(restoreBoot({ ...written(), ...changes }, LATEST_MS)).toBeNull();
  });

  it.each<[string, (curve: CurveState) => CurveState]>([
    ['its open bucket', (curve) => ({ ...curve, open: curve.open && { ...curve.open, timeMs: FUTURE_MS } })],
    ['its newest bucket', (curve) => ({ ...curve, fine: ringOf([3_600_000, 1, 0, 0, 1, 0]) })],
  ])('is not restored where %s lies there: no bucket would close', (_, changed) => {
    const curve = written().curve as CurveState;
    expect(
      restoreBoot({ ...written(), curve: { ...curve, fine: ringOf([0, 1, 0, 0, 1, 0]) } }, LATEST_MS),
    ).not.toBeNull();
    expect(restoreBoot({ ...written(), curve: changed(curve) }, LATEST_MS)).toBeNull();
  });

  it('is not restored where its oldest job began then', () => {
    const jobLoadAt = (oldestMs: number) => ({ ...NO_JOB_LOAD, oldestMs });
    expect(restoreBoot({ ...written(), jobLoad: jobLoadAt(LATEST_MS) }, LATEST_MS)).not.toBeNull();
    expect(restoreBoot({ ...written(), jobLoad: jobLoadAt(FUTURE_MS) }, LATEST_MS)).toBeNull();
  });

  it('is not restored where its class was found then', () => {
    const classified = classifiedAt(LATEST_MS);
    expect(restoreBoot({ ...written(), classified }, LATEST_MS)).not.toBeNull();
    expect(restoreBoot({ ...written(), classified: classifiedAt(FUTURE_MS) }, LATEST_MS)).toBeNull();
  });
});

describe('a boot that is not restored', () => {
  it.each<[string, unknown]>([
    ['nothing', null],
    ['a text', 'boot'],
    ['of another version', { ...written(), version: SNAPSHOT_VERSION - 1 }],
    ['nothing but a version', { version: SNAPSHOT_VERSION }],
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
    ['of job sums that are texts', { ...written(), jobLoad: { ...NO_JOB_LOAD, bytes2: '1' } }],
    ['without job sums', { ...written(), jobLoad: null }],
    ['of learned bytes per job that are a text', { ...written(), learnedBytesPerJob: { bytes: '1', errorBytes: 1 } }],
    ['of a class that is none', { ...written(), classified: { ...classifiedAt(0), class: 'fine' } }],
    ['of a count of buckets that is negative', { ...written(), classified: { ...classifiedAt(0), count: -1 } }],
    ['of a class without features', { ...written(), classified: { ...classifiedAt(0), features: null } }],
    [
      'of a feature that is a text',
      { ...written(), classified: { ...classifiedAt(0), features: { ...featuresWith(), floorBytes: '1' } } },
    ],
    [
      'of a rise that is a text',
      { ...written(), classified: { ...classifiedAt(0), features: { ...featuresWith(), rise: 'steep' } } },
    ],
    [
      'of swings without a part',
      { ...written(), classified: { ...classifiedAt(0), features: { ...featuresWith(), swings: { turnBytes: 1 } } } },
    ],
    [
      'of swings that are an array',
      { ...written(), classified: { ...classifiedAt(0), features: { ...featuresWith(), swings: [] } } },
    ],
    [
      'of a time up that is negative',
      {
        ...written(),
        classified: {
          ...classifiedAt(0),
          features: { ...featuresWith(), swings: { ...featuresWith().swings, longestUpMs: -1 } },
        },
      },
    ],
  ])('%s', (_, value) => {
    expect(restoreBoot(value)).toBeNull();
  });

  it('is not one that was written before tuning was reported', () => {
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
        const context = {
          nowMs: later.timeMs,
          facts: null,
          learnedFloorBytes: null,
          uselessRestarts: 0,
          earlyRestarts: 'usual' as const,
        };
        assess(observe(boot, later, policy), context, policy);
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
