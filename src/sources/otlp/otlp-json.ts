import { BadInputError } from '../../model/errors.ts';
import { IDENTITY_ATTRIBUTES, MAX_IDENTITY_BYTES, measurerOf } from '../points/process-identity.ts';
import { type DecodedRequest, RequestFold } from '../points/request-fold.ts';
import { isUsableFigure, JOB_FIGURES } from './jobs/job-metrics.ts';
import { jobPointOf } from './jobs/job-points-json.ts';
import {
  integer,
  intOf,
  type JsonObject,
  list,
  nanosAsMs,
  numberValue,
  object,
  seriesIdOf,
  stringOf,
} from './json-values.ts';
import { OWN_VOCABULARY, type Vocabulary } from './vocabulary.ts';
import { FLAG_NO_RECORDED_VALUE, isUsableTemporality, TEMPORALITY_DELTA, type WantedMetric } from './wanted-metrics.ts';

/** Where a Metric holds its data, by the kind of number in it; `null`: never used, but counted. */
const DATA_KINDS: readonly (readonly [name: string, kind: WantedMetric['kind'] | null])[] = [
  ['gauge', 'value'],
  ['sum', 'value'],
  ['histogram', 'count'],
  ['exponentialHistogram', 'count'],
  ['summary', null],
];

/**
 * Reads an `ExportMetricsServiceRequest` in OTLP's JSON encoding: lowerCamelCase names, enums as integers, 64-bit
 * integers as string or number; unknown fields are passed over. Throws `BadInputError` where the text is no such
 * message.
 */
export function decodeJson(text: string, vocabulary = OWN_VOCABULARY): DecodedRequest {
  const fold = new RequestFold();
  for (const resourceMetrics of list(object(parse(text), 'the request'), 'resourceMetrics')) {
    fold.begin(measurerOf(identity(object(resourceMetrics.resource ?? {}, 'resource'), vocabulary)));
    for (const scopeMetrics of list(resourceMetrics, 'scopeMetrics')) {
      for (const metric of list(scopeMetrics, 'metrics')) readMetric(metric, fold, vocabulary);
    }
    fold.end();
  }
  return fold;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new BadInputError(`The body is not JSON: ${(cause as Error).message}.`, { cause });
  }
}

function identity(resource: JsonObject, { identityPlaces, complete }: Vocabulary): (string | undefined)[] {
  const values: (string | undefined)[] = [];
  for (const { key, value } of list(resource, 'attributes')) {
    const place = identityPlaces.get(key as string);
    // Of other senders a process id may be a number.
    const isForeign = place !== undefined && place >= IDENTITY_ATTRIBUTES.length;
    const text = stringOf(value) ?? (isForeign ? intOf(value) : undefined);
    if (place !== undefined && text !== undefined && Buffer.byteLength(text) <= MAX_IDENTITY_BYTES)
      values[place] = text;
  }
  complete?.(values);
  return values;
}

function readMetric(metric: JsonObject, fold: RequestFold, { metricsByName }: Vocabulary): void {
  const wanted = metricsByName.get(metric.name as string);
  for (const [name, kind] of DATA_KINDS) {
    const data = metric[name];
    if (data === undefined || data === null) continue;
    const dataPoints = list(object(data, name), 'dataPoints');
    const temporality = integer((data as JsonObject).aggregationTemporality ?? 0, 'aggregationTemporality');
    const isField = wanted !== undefined && wanted.kind === kind && isUsableTemporality(kind, temporality);
    const figure = JOB_FIGURES.get(metric.name as string);
    const isFigure = figure !== undefined && kind !== null && isUsableFigure(figure, kind, temporality);
    if (fold.isFull && (isField || isFigure)) {
      fold.leaveOut(dataPoints.length);
      continue;
    }
    if (isField) for (const dataPoint of dataPoints) addDataPoint(wanted, dataPoint, fold);
    if (!isFigure) {
      if (!isField) fold.ignored += dataPoints.length;
      continue;
    }
    const of = { isDelta: temporality === TEMPORALITY_DELTA, isHistogram: kind === 'count' };
    for (const dataPoint of dataPoints) {
      const flags = integer(dataPoint.flags ?? 0, 'flags');
      if ((flags & FLAG_NO_RECORDED_VALUE) !== 0) fold.ignored += isField ? 0 : 1;
      else fold.addJob(jobPointOf(figure, dataPoint, of), isField);
    }
  }
}

function addDataPoint(metric: WantedMetric, dataPoint: JsonObject, fold: RequestFold): void {
  const flags = integer(dataPoint.flags ?? 0, 'flags');
  const timeMs = nanosAsMs(dataPoint.timeUnixNano ?? 0);
  const value = metric.kind === 'value' ? numberValue(dataPoint) : integer(dataPoint.count ?? 0, 'count');
  const field = (flags & FLAG_NO_RECORDED_VALUE) === 0 ? select(metric, dataPoint) : -1;
  const seriesId = metric.sums && field >= 0 ? seriesIdOf(dataPoint) : 0;
  fold.add(field, metric.sums, { timeMs, value, seriesId });
}

function select({ selector, field }: WantedMetric, dataPoint: JsonObject): number {
  if (selector === null) return field;
  let selected = selector.withoutIt;
  for (const { key, value } of list(dataPoint, 'attributes')) {
    if (key === selector.attribute) selected = selector.fields.get(stringOf(value) ?? '') ?? -1;
  }
  return selected;
}
