import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SeriesRing } from '../../../src/actuator/report/series.ts';

describe('the series ring', () => {
  it('keeps the newest samples, oldest first, at least the spacing apart', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 20 }),
        fc.integer({ min: 0, max: 50 }),
        fc.array(fc.integer({ min: 1, max: 60 }), { maxLength: 100 }),
        (capacity, spacingMs, gapsMs) => {
          const ring = new SeriesRing(capacity, spacingMs);
          const kept: number[] = [];
          let timeMs = 0;
          for (const gapMs of gapsMs) {
            timeMs += gapMs;
            ring.add(timeMs, timeMs * 10);
            if (kept.length === 0 || timeMs - (kept.at(-1) ?? 0) >= spacingMs) kept.push(timeMs);
          }
          expect(ring.entries()).toEqual(kept.slice(-capacity).map((at) => [at, at * 10]));
        },
      ),
    );
  });
});
