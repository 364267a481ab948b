import type { JobFigure } from '../../../model/job-point.ts';
import { figureOf, isKindOf } from '../wanted-bytes.ts';
import {
  isUsableTemporality,
  TEMPORALITY_CUMULATIVE,
  TEMPORALITY_DELTA,
  type WantedMetric,
} from '../wanted-metrics.ts';
import { layoutOf, type Reading } from './data-point-reader.ts';

/** What is wanted of a metric's data points. */
export interface MetricUse extends Reading {
  /** The field of a Point that they are; null: none. */
  readonly metric: WantedMetric | null;
  /** What they say of jobs; undefined: nothing. */
  readonly figure: JobFigure | undefined;
  readonly isDelta: boolean;
}

/** Tags of a metric's data are below this. */
const TAGS = 128;
const TEMPORALITIES = 3;

/** What metrics are used for. Every process sends the same few, so each answer is made once. */
export class MetricUses {
  readonly #metrics: readonly (WantedMetric | undefined)[];
  readonly #known = new Map<number, MetricUse | null>();

  /** @param metrics as the vocabulary has them */
  constructor(metrics: readonly (WantedMetric | undefined)[]) {
    this.#metrics = metrics;
  }

  /**
   * Null where nothing is wanted of the metric.
   *
   * @param name its place in the vocabulary; -1: it has none
   * @param data the tag of its data
   */
  of(name: number, data: number, temporality: number): MetricUse | null {
    if (name < 0) return null;
    // All unknown temporalities are used alike.
    const usual = temporality <= TEMPORALITY_CUMULATIVE ? temporality : 0;
    const key = (name * TEMPORALITIES + usual) * TAGS + data;
    let use = this.#known.get(key);
    if (use === undefined) {
      use = useOf(this.#metrics[name], figureOf(name, data, usual), { data, temporality: usual });
      this.#known.set(key, use);
    }
    return use;
  }
}

function useOf(
  metric: WantedMetric | undefined,
  figure: JobFigure | undefined,
  { data, temporality }: { readonly data: number; readonly temporality: number },
): MetricUse | null {
  const isField = metric !== undefined && isKindOf(metric, data) && isUsableTemporality(metric.kind, temporality);
  if (!isField && figure === undefined) return null;
  return {
    metric: isField ? metric : null,
    figure,
    isDelta: temporality === TEMPORALITY_DELTA,
    layout: layoutOf(data),
    wantsAttributes: figure !== undefined || (isField && (metric.sums || metric.selector !== null)),
    wantsGrowth: figure === 'growth',
  };
}
