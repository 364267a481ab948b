import { expect, it, vi } from 'vitest';
import { Intake } from '../../src/sources/intake.ts';
import { createPointsStreamSource } from '../../src/sources/points-stream.ts';
import { encodeJson } from './otlp/senders/otlp-encoder.ts';
import { rssAt, T0, WHOLE, WHOLE_POINT } from './otlp/senders/requests.ts';

function source() {
  const accept = vi.fn();
  const onFault = vi.fn();
  const intake = new Intake({ maxPointAgeMs: 30_000, clock: { now: () => T0 }, accept });
  return { accept, onFault, intake, take: createPointsStreamSource({ intake, onFault }) };
}

it('takes what a worker appended, of any app', () => {
  const { take, accept } = source();
  take(encodeJson([WHOLE]));
  expect(accept).toHaveBeenCalledExactlyOnceWith([WHOLE_POINT]);
});

it('holds the age of points and the order of each process like every other way in', () => {
  const { take, accept, intake } = source();
  take(encodeJson([rssAt([T0 - 31_000])]));
  take(encodeJson([rssAt([T0])]));
  take(encodeJson([rssAt([T0])]));
  expect(accept).toHaveBeenCalledTimes(1);
  expect(intake.counts()).toMatchObject({ 'too-old': 1, accepted: 1, duplicate: 1 });
});

it.each(['', 'nonsense', '[]', '{"resourceMetrics":7}', '{"resourceMetrics":[{"scopeMetrics":"x"}]}'])(
  'skips %j, reports it once, and takes what follows',
  (bad) => {
    const { take, accept, onFault } = source();
    take(bad);
    take(bad);
    take(encodeJson([WHOLE]));
    expect(onFault).toHaveBeenCalledExactlyOnceWith(expect.stringContaining('Tidemark skipped it'));
    expect(accept).toHaveBeenCalledTimes(1);
  },
);
