import { type Attributes, type HrTime, ValueType } from '@opentelemetry/api';
import type { MetricData, MetricProducer } from '@opentelemetry/sdk-metrics';
import {
  ATTR_ERROR_TYPE,
  METRIC_JOB_MEMORY_GROWTH,
  METRIC_JOB_MEMORY_RECLAIMED,
  METRIC_PROCESS_DURATION,
  type MetricDefinition,
  SCOPE_NAME,
} from '../../semconv.ts';
import { VERSION } from '../../shared/version.ts';
import type { JobEnd } from '../jobs/job-end.ts';
import type { JobSeries } from '../jobs/job-name-stats.ts';
import { BucketCounts } from './bucket-counts.ts';
import { BYTE_BUCKETS, SECOND_BUCKETS } from './buckets.ts';

/**
 * The numbers of `AggregationTemporality.CUMULATIVE` and `DataPointType.HISTOGRAM`. The SDK is loaded only if metrics
 * are exported.
 */
const CUMULATIVE = 1;
const HISTOGRAM = 0;

interface Figures {
  readonly series: JobSeries;
  /** Of jobs that did not fail. */
  readonly duration: BucketCounts;
  /** Of failed jobs, by `error.type`. */
  readonly failedDuration: Map<string, BucketCounts>;
  readonly growth: BucketCounts;
  readonly reclaimed: BucketCounts;
}

type Point = readonly [attributes: Attributes, counts: BucketCounts];

/**
 * The per-job histograms of a process whose provider is Tidemark's. A job costs three additions here; recording on an
 * SDK instrument costs about 2 us each, because it looks up the attributes. Each collection gets the same cumulative
 * data that the instruments would have produced.
 */
export class JobTables implements MetricProducer {
  readonly #figures = new Map<JobSeries, Figures>();
  readonly #startTime: HrTime = now();

  record({ series, durationMs, errorType, growthBytes, reclaimedBytes }: JobEnd): void {
    const figures = this.#figures.get(series) ?? this.#newFigures(series);
    const duration = errorType === null ? figures.duration : durationOf(figures, errorType);
    duration.record(durationMs / 1000);
    if (growthBytes) figures.growth.record(growthBytes);
    if (reclaimedBytes) figures.reclaimed.record(reclaimedBytes);
  }

  async collect(): ReturnType<MetricProducer['collect']> {
    const metrics = [
      this.#histogram(METRIC_PROCESS_DURATION, ValueType.DOUBLE, durationPoints),
      this.#histogram(METRIC_JOB_MEMORY_GROWTH, ValueType.INT, ({ series, growth }) => [[series.attributes, growth]]),
      this.#histogram(METRIC_JOB_MEMORY_RECLAIMED, ValueType.INT, ({ series, reclaimed }) => [
        [series.attributes, reclaimed],
      ]),
    ].filter(({ dataPoints }) => dataPoints.length > 0);
    const scopeMetrics = metrics.length === 0 ? [] : [{ scope: { name: SCOPE_NAME, version: VERSION }, metrics }];
    return { resourceMetrics: { resource: NO_RESOURCE, scopeMetrics }, errors: [] };
  }

  #histogram(
    { name, unit, description }: MetricDefinition,
    valueType: ValueType,
    pointsOf: (figures: Figures) => readonly Point[],
  ): MetricData {
    const endTime = now();
    const dataPoints = [...this.#figures.values()]
      .flatMap(pointsOf)
      .filter(([, counts]) => counts.count > 0)
      .map(([attributes, counts]) => ({ startTime: this.#startTime, endTime, attributes, value: counts.value() }));
    return {
      descriptor: { name, unit, description, valueType },
      aggregationTemporality: CUMULATIVE,
      dataPointType: HISTOGRAM,
      dataPoints,
    };
  }

  #newFigures(series: JobSeries): Figures {
    const figures = {
      series,
      duration: new BucketCounts(SECOND_BUCKETS),
      failedDuration: new Map<string, BucketCounts>(),
      growth: new BucketCounts(BYTE_BUCKETS),
      reclaimed: new BucketCounts(BYTE_BUCKETS),
    };
    this.#figures.set(series, figures);
    return figures;
  }
}

function durationOf({ failedDuration }: Figures, errorType: string): BucketCounts {
  const known = failedDuration.get(errorType);
  if (known !== undefined) return known;
  const made = new BucketCounts(SECOND_BUCKETS);
  failedDuration.set(errorType, made);
  return made;
}

function durationPoints({ series: { durationAttributes }, duration, failedDuration }: Figures): readonly Point[] {
  const failed = [...failedDuration].map(
    ([errorType, counts]): Point => [{ ...durationAttributes, [ATTR_ERROR_TYPE]: errorType }, counts],
  );
  return [[durationAttributes, duration], ...failed];
}

/** The reader ignores a producer's own resource and uses the provider's. */
const NO_RESOURCE = { attributes: {}, merge: () => NO_RESOURCE, getRawAttributes: () => [] } as Awaited<
  ReturnType<MetricProducer['collect']>
>['resourceMetrics']['resource'];

function now(): HrTime {
  const ms = Date.now();
  return [Math.floor(ms / 1000), (ms % 1000) * 1e6];
}
