import type { JobFigure } from '../../model/job-point.ts';
import { ByteNames } from './byte-names.ts';
import { isUsableFigure, JOB_FIGURES, READ_METRICS } from './jobs/job-metrics.ts';
import {
  METRIC_EXPONENTIAL_HISTOGRAM,
  METRIC_GAUGE,
  METRIC_HISTOGRAM,
  METRIC_SUM,
  METRIC_SUMMARY,
} from './protobuf/otlp-tags.ts';
import type { WantedMetric } from './wanted-metrics.ts';

/** The wanted metrics as a reader of bytes compares them: without making strings of what is skipped. */

export const METRIC_NAMES = new ByteNames(READ_METRICS);
/** In the order of `READ_METRICS`: what each says of jobs; undefined where nothing. */
const FIGURES = READ_METRICS.map((name) => JOB_FIGURES.get(name));
/** What the numbers of a metric say of jobs; undefined where nothing. */
export function figureOf(name: number, data: number, temporality: number): JobFigure | undefined {
  const figure = FIGURES[name];
  if (figure === undefined || data === METRIC_SUMMARY) return undefined;
  const kind = data === METRIC_GAUGE || data === METRIC_SUM ? 'value' : 'count';
  return isUsableFigure(figure, kind, temporality) ? figure : undefined;
}

export function isData(tag: number): boolean {
  return (
    tag === METRIC_GAUGE ||
    tag === METRIC_SUM ||
    tag === METRIC_HISTOGRAM ||
    tag === METRIC_EXPONENTIAL_HISTOGRAM ||
    tag === METRIC_SUMMARY
  );
}

export function isKindOf(metric: WantedMetric, data: number): boolean {
  if (metric.kind === 'value') return data === METRIC_GAUGE || data === METRIC_SUM;
  return data === METRIC_HISTOGRAM || data === METRIC_EXPONENTIAL_HISTOGRAM;
}

const ANY_VALUE_INT = 0x18;

/** A small whole number in an AnyValue, as text: a process id. Undefined for anything else. */
export function intText(bytes: Uint8Array, start: number, end: number): string | undefined {
  if (bytes[start] !== ANY_VALUE_INT) return undefined;
  let value = 0;
  for (let at = start + 1, scale = 1; at < end && scale <= 2 ** 28; at++, scale *= 2 ** 7) {
    const byte = bytes[at] as number;
    value += (byte & 0x7f) * scale;
    if (byte < 0x80) return String(value);
  }
  return undefined;
}
