import type { GrowthCounts, JobFigure, JobPoint } from '../../../model/job-point.ts';
import {
  integer,
  type JsonObject,
  list,
  nanosAsMs,
  numberOf,
  numberValue,
  seriesIdOf,
  stringOf,
} from '../json-values.ts';
import { DecodedJobPoint, JOB_ATTRIBUTES, labelEnd, labelsOf, MAX_BUCKETS } from './job-metrics.ts';

/** A data point about jobs from OTLP's JSON. Throws `BadInputError` where it is malformed. */
export function jobPointOf(
  figure: JobFigure,
  dataPoint: JsonObject,
  { isDelta, isHistogram }: { readonly isDelta: boolean; readonly isHistogram: boolean },
): JobPoint {
  const measured = {
    seriesId: seriesIdOf(dataPoint),
    timeMs: nanosAsMs(dataPoint.timeUnixNano ?? 0),
    startMs: nanosAsMs(dataPoint.startTimeUnixNano ?? 0),
    value: isHistogram ? integer(dataPoint.count ?? 0, 'count') : numberValue(dataPoint),
  };
  const growth = figure === 'growth' && isHistogram ? growthOf(dataPoint) : null;
  return new DecodedJobPoint({ figure, isDelta, growth }, measured, {
    labels: () => labelsOf(figure, labelValues(dataPoint)),
  });
}

function growthOf(dataPoint: JsonObject): GrowthCounts | null {
  const count = integer(dataPoint.count ?? 0, 'count');
  const bounds = numbers(dataPoint.explicitBounds);
  const counts = numbers(dataPoint.bucketCounts);
  const sum = numberOf(dataPoint.sum ?? 0);
  const max = dataPoint.max === undefined || dataPoint.max === null ? null : numberOf(dataPoint.max);
  if (bounds === null || counts === null || counts.length !== bounds.length + 1)
    return { bounds: [], counts: [count], sum, max };
  return { bounds, counts, sum, max };
}

/** Null where it is no list of numbers, or too long. */
function numbers(value: unknown): readonly number[] | null {
  if (!Array.isArray(value) || value.length === 0 || value.length > MAX_BUCKETS) return null;
  const read = value.map(numberOf);
  return read.every(Number.isFinite) ? read : null;
}

function labelValues(dataPoint: JsonObject): readonly (string | undefined)[] {
  const values: (string | undefined)[] = [];
  for (const { key, value } of list(dataPoint, 'attributes')) {
    const place = JOB_ATTRIBUTES.indexOf(key as (typeof JOB_ATTRIBUTES)[number]);
    const text = stringOf(value);
    if (place >= 0 && text !== undefined) values[place] = labelOf(text);
  }
  return values;
}

function labelOf(text: string): string {
  const bytes = Buffer.from(text);
  const end = labelEnd(bytes, 0, bytes.length);
  return end === bytes.length ? text : bytes.toString('utf8', 0, end);
}
