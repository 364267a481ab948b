import { describe, expect, it } from 'vitest';
import { SeriesSet } from '../../src/job-totals/series-set.ts';
import type { JobFigure, JobLabels, JobPoint } from '../../src/model/job-point.ts';

const START_MS = 1_700_000_000_000;
const FIGURES: readonly JobFigure[] = ['net', 'growth', 'runs', 'active', 'held'];
/** More than are searched one by one. */
const MANY = 60;

const labelsOf = (index: number): JobLabels => ({ queue: 'mail', name: `job-${index}`, known: 'exclusive' });

function point(figure: JobFigure, value: number, given: Partial<JobPoint> = {}): JobPoint {
  return {
    figure,
    seriesId: 0,
    timeMs: START_MS + 1,
    startMs: START_MS,
    isDelta: false,
    value,
    growth: null,
    labels: () => null,
    ...given,
  };
}

/** A set with one series, and what it comes to after these points. */
function afterwards(figure: JobFigure, points: readonly JobPoint[]) {
  const set = new SeriesSet();
  const place = set.add(figure, labelsOf(0), 1);
  for (const one of points) set.take(place, one);
  const [series] = [...set];
  return series;
}

describe('the series of a process', () => {
  it.each([3, MANY])('are found by figure and id, and listed in the order in which they came: %i', (count) => {
    const set = new SeriesSet();
    const added = Array.from({ length: count }, (_, index) => ({
      figure: FIGURES[index % FIGURES.length] as JobFigure,
      // An id names a series within its figure only, and is larger than a small integer of V8.
      id: 2 ** 40 + Math.floor(index / FIGURES.length),
      index,
    }));
    const places = added.map(({ figure, id, index }) => set.add(figure, labelsOf(index), id));
    for (const { figure, index } of added) set.take(places[index] as number, point(figure, index));
    for (const { figure, id, index } of added.toReversed()) expect(set.find(figure, id)).toBe(index);
    expect(set.find('net', 7)).toBe(-1);
    expect([...set].map(({ figure, id, labels, value }) => ({ figure, id, labels, value }))).toEqual(
      added.map(({ figure, id, index }) => ({ figure, id, labels: labelsOf(index), value: index })),
    );
  });

  it('go on from what they came to where their process began again', () => {
    const again = point('runs', 2, { timeMs: START_MS + 3, startMs: START_MS + 2 });
    expect(afterwards('runs', [point('runs', 5), again])).toMatchObject({ value: 7, timeMs: START_MS + 3 });
  });

  it('add what was added since the point before', () => {
    const more = point('net', -2, { timeMs: START_MS + 2, isDelta: true });
    expect(afterwards('net', [point('net', 5, { isDelta: true }), more])).toMatchObject({ value: 3 });
  });

  it('say what is now where they are no sums', () => {
    const fewer = point('active', 2, { timeMs: START_MS + 2 });
    expect(afterwards('active', [point('active', 5), fewer])).toMatchObject({ value: 2 });
  });

  it('do not change by a point that came before', () => {
    expect(afterwards('runs', [point('runs', 5), point('runs', 9)])).toMatchObject({ value: 5 });
  });

  it('keep how jobs grew, each histogram in place of the one before', () => {
    const growth = { bounds: [2 ** 16], sum: 100, max: 60 };
    const [first, second] = [[1, 0] as const, [2, 1] as const].map((counts, at) =>
      point('growth', 0, { timeMs: START_MS + 1 + at, growth: { ...growth, counts } }),
    );
    const series = afterwards('growth', [first as JobPoint, second as JobPoint]);
    expect(series?.growth?.view()).toMatchObject({ sum: 100, max: 60, unplaced: 0 });
    expect(series?.growth?.view().counts.filter((count) => count > 0)).toEqual([2, 1]);
  });
});
