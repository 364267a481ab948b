import type { MetricData, ResourceMetrics } from '@opentelemetry/sdk-metrics';
import {
  METRIC_DYNO_MEMORY_LIMIT,
  METRIC_DYNO_MEMORY_USAGE,
  METRIC_JOB_ACTIVE,
  METRIC_JOB_ACTIVE_AGE,
  METRIC_JOB_MEMORY_GROWTH,
  METRIC_JOB_MEMORY_NET,
  METRIC_JOB_MEMORY_RECLAIMED,
  METRIC_PROCESS_DURATION,
  METRIC_PROCESS_MEMORY_USAGE,
  METRIC_SANDBOX_EXITS,
} from '../../semconv.ts';

/** To OTLP as JSON; undefined if there is nothing to send. */
export type Serialize = (metrics: ResourceMetrics) => Uint8Array | undefined;

/** Without these nothing is known about the dyno. They go first, and are few enough to always fit. */
const FIRST: readonly string[] = [
  METRIC_DYNO_MEMORY_USAGE,
  METRIC_PROCESS_MEMORY_USAGE,
  METRIC_DYNO_MEMORY_LIMIT,
  METRIC_JOB_ACTIVE,
  METRIC_JOB_ACTIVE_AGE,
].map(({ name }) => name);
/** One series for each job name, queue and outcome: these make an export large. */
const LAST: readonly string[] = [
  METRIC_JOB_MEMORY_NET,
  METRIC_PROCESS_DURATION,
  METRIC_SANDBOX_EXITS,
  METRIC_JOB_MEMORY_GROWTH,
  METRIC_JOB_MEMORY_RECLAIMED,
].map(({ name }) => name);

/** Bytes of one data point with its attributes as JSON, assumed before any export was measured. */
const USUAL_POINT_BYTES = 600;
/** Parts are filled to this fraction, so that one with longer names than the last still fits. */
const FILL_FRACTION = 0.8;

export interface ExportPart {
  readonly bytes: Uint8Array;
  /** Whether this is the last part of the export. */
  readonly isLast: boolean;
}

type Scope = ResourceMetrics['scopeMetrics'][number]['scope'];
type DataPoints = MetricData['dataPoints'];

/** Some of the data points of one metric. */
interface Slice {
  readonly scope: Scope;
  readonly metric: MetricData;
  readonly points: DataPoints;
}

/**
 * Splits an export that is too large for its receiver into parts that fit, the most needed metrics first. The receiver
 * merges them by process and time.
 */
export class ExportParts {
  readonly #serialize: Serialize;
  /** As last measured. Serializing a large export only to learn its size would delay the jobs. */
  #pointBytes = USUAL_POINT_BYTES;

  constructor(serialize: Serialize) {
    this.#serialize = serialize;
  }

  /**
   * Each part is at most `maxBytes`. A single data point that is larger is left out. Parts are serialized one by one,
   * as they are requested.
   */
  *of(metrics: ResourceMetrics, maxBytes: number): Generator<ExportPart, void> {
    const slices = inOrder(metrics);
    if (countOf(slices) * this.#pointBytes <= maxBytes) {
      const bytes = this.#serialized(metrics, countOf(slices));
      if (bytes === undefined) return;
      if (bytes.length <= maxBytes) {
        yield { bytes, isLast: true };
        return;
      }
    }
    let rest = slices;
    while (rest.length > 0) {
      const [part, others] = cut(rest, Math.max(1, Math.floor((FILL_FRACTION * maxBytes) / this.#pointBytes)));
      yield* this.#fitting(metrics, part, { maxBytes, isLast: others.length === 0 });
      rest = others;
    }
  }

  /** The part, or its halves if it is larger than expected. */
  *#fitting(
    metrics: ResourceMetrics,
    part: readonly Slice[],
    { maxBytes, isLast }: { readonly maxBytes: number; readonly isLast: boolean },
  ): Generator<ExportPart, void> {
    const count = countOf(part);
    const bytes = this.#serialized(withSlices(metrics, part), count);
    if (bytes === undefined) return;
    if (bytes.length <= maxBytes) yield { bytes, isLast };
    else if (count > 1) {
      const [first, second] = cut(part, Math.ceil(count / 2));
      yield* this.#fitting(metrics, first, { maxBytes, isLast: false });
      yield* this.#fitting(metrics, second, { maxBytes, isLast });
    }
  }

  #serialized(metrics: ResourceMetrics, count: number): Uint8Array | undefined {
    const bytes = this.#serialize(metrics);
    if (bytes !== undefined && count > 0) this.#pointBytes = bytes.length / count;
    return bytes;
  }
}

function inOrder({ scopeMetrics }: ResourceMetrics): readonly Slice[] {
  const slices = scopeMetrics.flatMap(({ scope, metrics }) =>
    metrics.map((metric): Slice => ({ scope, metric, points: metric.dataPoints })),
  );
  const rank = ({ metric: { descriptor } }: Slice) => {
    const first = FIRST.indexOf(descriptor.name);
    return first >= 0 ? first : FIRST.length + 1 + LAST.indexOf(descriptor.name);
  };
  return slices.sort((a, b) => rank(a) - rank(b));
}

function countOf(slices: readonly Slice[]): number {
  return slices.reduce((sum, { points }) => sum + points.length, 0);
}

/** The first `count` data points, and the rest. */
function cut(slices: readonly Slice[], count: number): [readonly Slice[], readonly Slice[]] {
  const before: Slice[] = [];
  const after: Slice[] = [];
  let left = count;
  for (const slice of slices) {
    const points = slice.points.slice(0, left) as DataPoints;
    const others = slice.points.slice(points.length) as DataPoints;
    if (points.length > 0) before.push({ ...slice, points });
    if (others.length > 0) after.push({ ...slice, points: others });
    left -= points.length;
  }
  return [before, after];
}

function withSlices({ resource }: ResourceMetrics, slices: readonly Slice[]): ResourceMetrics {
  const scopeMetrics = slices.map(({ scope, metric, points }) => ({
    scope,
    metrics: [{ ...metric, dataPoints: points } as MetricData],
  }));
  return { resource, scopeMetrics };
}
