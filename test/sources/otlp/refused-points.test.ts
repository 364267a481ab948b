import { expect, it, vi } from 'vitest';
import { LOCAL_SENDER } from '../../../src/sources/ingest-tokens.ts';
import { Intake, type RefusedPoints } from '../../../src/sources/intake.ts';
import { decodeJson } from '../../../src/sources/otlp/otlp-json.ts';
import { decodeProtobuf } from '../../../src/sources/otlp/otlp-protobuf.ts';
import { measurements } from '../../troubleshooting/world.ts';
import { encodeProtobuf } from './senders/otlp-encoder.ts';
import { IDENTITY, nanos, T0 } from './senders/requests.ts';

const NOW_MS = 1_700_000_000_000;
const MINUTE = 60_000;
const SHOP = { app: 'shop', dyno: 'worker.1', id: 'boot-1' };

/** What a request is refused for, whose sender may speak for the app `shop` alone. */
function refusedOf(body: unknown): readonly RefusedPoints[] {
  const refused: RefusedPoints[] = [];
  const intake = new Intake({
    maxPointAgeMs: 2 * MINUTE,
    clock: { now: () => NOW_MS },
    accept: () => undefined,
    onRefused: (one) => refused.push(one),
  });
  intake.take(decodeJson(JSON.stringify(body)), {
    id: 'shop',
    speaksForAll: false,
    onlyApp: 'shop',
    mayDeliver: (app) => app === 'shop',
  });
  return refused;
}

it.each<[string, unknown, RefusedPoints[]]>([
  ['nothing of what is used', measurements(SHOP, [NOW_MS]), []],
  [
    'a slow clock',
    measurements(SHOP, [NOW_MS - 5 * MINUTE]),
    [{ app: 'shop', kind: 'too-old', count: 1, offsetMs: -5 * MINUTE }],
  ],
  [
    'a fast clock',
    measurements(SHOP, [NOW_MS + 5 * MINUTE]),
    [{ app: 'shop', kind: 'future', count: 1, offsetMs: 5 * MINUTE }],
  ],
  [
    'an app that the token is not for',
    measurements({ ...SHOP, app: 'other' }, [NOW_MS]),
    [{ app: 'other', kind: 'wrong-app', count: 1, offsetMs: null }],
  ],
  [
    'an app without a dyno',
    measurements({ ...SHOP, id: null }, [NOW_MS]),
    [{ app: 'shop', kind: 'no-dyno', count: 1, offsetMs: null }],
  ],
  [
    'an app that the sender may not name',
    measurements({ ...SHOP, app: 'other', id: null }, [NOW_MS]),
    [{ app: null, kind: 'no-dyno', count: 1, offsetMs: null }],
  ],
  [
    'a value that cannot be',
    measurements(SHOP, [NOW_MS], () => -1),
    [{ app: 'shop', kind: 'invalid', count: 1, offsetMs: null }],
  ],
])('reports, with the app, %s', (_what, body, refused) => {
  expect(refusedOf(body)).toEqual(refused);
});

it('rejects, counts and reports what jobs did when there is no room for it', () => {
  const onRefused = vi.fn();
  const clock = { now: () => T0 };
  const intake = new Intake({ maxPointAgeMs: MINUTE, clock, accept: () => undefined, acceptJobs: () => 2, onRefused });
  const dataPoints = ['a', 'b', 'c'].map((name) => ({
    timeNanos: nanos(T0),
    asInt: 1n,
    attributes: { 'messaging.destination.name': 'q', 'bullmq.job.name': name },
  }));
  const net = { name: 'bullmq.job.memory.net', kind: 'sum' as const, temporality: 2, dataPoints };
  const request = decodeProtobuf(encodeProtobuf([{ attributes: IDENTITY, scopes: [[net]] }]));
  expect(intake.take(request, LOCAL_SENDER)).toMatchObject({ dataPoints: 2 });
  expect(intake.counts()).toMatchObject({ accepted: 1, 'over-limit': 2 });
  const app = IDENTITY['heroku.app.name'];
  expect(onRefused.mock.calls).toEqual([[{ app, kind: 'over-limit', count: 2, offsetMs: null }]]);
});
