import type { GrowthCounts, JobFigure, JobLabels, JobPoint } from '../../../model/job-point.ts';
import {
  ATTR_ATTRIBUTION,
  ATTR_JOB_NAME,
  ATTR_MESSAGING_DESTINATION_NAME,
  ATTR_MESSAGING_SYSTEM,
  JOB_NAME_IDLE,
  MESSAGING_SYSTEM_BULLMQ,
  METRIC_JOB_ACTIVE,
  METRIC_JOB_MEMORY_GROWTH,
  METRIC_JOB_MEMORY_HELD,
  METRIC_JOB_MEMORY_NET,
  METRIC_PROCESS_DURATION,
} from '../../../semconv.ts';
import { TEMPORALITY_CUMULATIVE, TEMPORALITY_DELTA, WANTED_METRICS, type WantedMetric } from '../wanted-metrics.ts';

/** The metrics that say what jobs do to memory, by name. Two of them are fields of a Point as well. */
export const JOB_FIGURES: ReadonlyMap<string, JobFigure> = new Map<string, JobFigure>([
  [METRIC_JOB_MEMORY_NET.name, 'net'],
  [METRIC_JOB_MEMORY_GROWTH.name, 'growth'],
  [METRIC_PROCESS_DURATION.name, 'runs'],
  [METRIC_JOB_ACTIVE.name, 'active'],
  [METRIC_JOB_MEMORY_HELD.name, 'held'],
]);

/** Every metric that is read, the fields of a Point first. */
export const READ_METRICS: readonly string[] = [
  ...new Set([...WANTED_METRICS.map(({ name }) => name), ...JOB_FIGURES.keys()]),
];

/** The attributes that say what a series is about, in the order in which decoders pass their values. */
export const JOB_ATTRIBUTES = [
  ATTR_MESSAGING_DESTINATION_NAME,
  ATTR_JOB_NAME,
  ATTR_ATTRIBUTION,
  ATTR_MESSAGING_SYSTEM,
] as const;

/** Longer texts are cut here: each that is kept takes memory. Workers cut names at 256 characters. */
const MAX_LABEL_BYTES = 256;
/** A histogram with more buckets is of another making, and its counts are not kept. */
export const MAX_BUCKETS = 32;

/** Where a label ends that is at most so long, and no character is cut in two. */
export function labelEnd(bytes: Uint8Array, start: number, end: number): number {
  if (end - start <= MAX_LABEL_BYTES) return end;
  let cut = start + MAX_LABEL_BYTES;
  // Bytes of the form 10xxxxxx continue a character.
  while (cut > start && ((bytes[cut] as number) & 0xc0) === 0x80) cut -= 1;
  return cut;
}

/**
 * Whether a metric's numbers can be read as that figure. What is now is no difference; for `net` an unset temporality
 * is let pass and taken for a sum since the start.
 */
export function isUsableFigure(figure: JobFigure, kind: WantedMetric['kind'], temporality: number): boolean {
  if (figure === 'runs' || figure === 'growth')
    return kind === 'count' && (temporality === TEMPORALITY_CUMULATIVE || temporality === TEMPORALITY_DELTA);
  return kind === 'value' && (figure === 'net' || temporality !== TEMPORALITY_DELTA);
}

/** The numbers of a data point, as a decoder holds them until it reads the next one. */
export interface JobNumbers {
  readonly timeMs: number;
  readonly startMs: number;
  readonly value: number;
  readonly seriesId: number;
}

/** What the attributes of a data point say. */
export interface JobAttributes {
  labels(figure: JobFigure): JobLabels | null;
}

type JobKind = Pick<JobPoint, 'figure' | 'isDelta' | 'growth'>;

/** A data point whose attributes are looked at only where somebody asks. */
export class DecodedJobPoint implements JobPoint {
  figure: JobFigure;
  seriesId: number;
  timeMs: number;
  startMs: number;
  isDelta: boolean;
  value: number;
  growth: GrowthCounts | null;
  #attributes: JobAttributes;

  constructor(kind: JobKind, numbers: JobNumbers, attributes: JobAttributes) {
    this.figure = kind.figure;
    this.isDelta = kind.isDelta;
    this.growth = kind.growth;
    this.seriesId = numbers.seriesId;
    this.timeMs = numbers.timeMs;
    this.startMs = numbers.startMs;
    this.value = numbers.value;
    this.#attributes = attributes;
  }

  /** Makes another data point of it. */
  become(kind: JobKind, numbers: JobNumbers, attributes: JobAttributes): void {
    this.figure = kind.figure;
    this.isDelta = kind.isDelta;
    this.growth = kind.growth;
    this.seriesId = numbers.seriesId;
    this.timeMs = numbers.timeMs;
    this.startMs = numbers.startMs;
    this.value = numbers.value;
    this.#attributes = attributes;
  }

  labels(): JobLabels | null {
    return this.#attributes.labels(this.figure);
  }
}

/** A Collector's batch has 8192 data points. Of a larger one the rest is not kept. */
const MAX_KEPT_POINTS = 8192;

/**
 * The data points of one request, made of those of the last one: they live as long as a request is taken, and would be
 * most of what is collected afterwards.
 */
export class JobPointPool {
  readonly #points: DecodedJobPoint[] = [];
  #used = 0;

  /** From now on the points that were made before may become others. */
  restart(): void {
    this.#used = 0;
  }

  make(kind: JobKind, numbers: JobNumbers, attributes: JobAttributes): DecodedJobPoint {
    const known = this.#points[this.#used];
    this.#used++;
    if (known !== undefined) {
      known.become(kind, numbers, attributes);
      return known;
    }
    const made = new DecodedJobPoint(kind, numbers, attributes);
    if (this.#points.length < MAX_KEPT_POINTS) this.#points.push(made);
    return made;
  }
}

const OF_QUEUE: ReadonlySet<JobFigure> = new Set<JobFigure>(['active', 'held']);

/**
 * Null where a series does not say what it is about, or is of another messaging system.
 *
 * @param values in the order of `JOB_ATTRIBUTES`; null and undefined where there is no text
 */
export function labelsOf(figure: JobFigure, values: readonly (string | null | undefined)[]): JobLabels | null {
  const [queue, name, attribution, system] = values;
  if ((system ?? MESSAGING_SYSTEM_BULLMQ) !== MESSAGING_SYSTEM_BULLMQ) return null;
  if (OF_QUEUE.has(figure)) return queue == null ? null : { queue, name: '', known: 'estimated' };
  if (name == null || (queue == null && name !== JOB_NAME_IDLE)) return null;
  return { queue: queue ?? '', name, known: KNOWN[attribution ?? ''] ?? 'estimated' };
}

const KNOWN: Readonly<Record<string, JobLabels['known']>> = { exclusive: 'exclusive', sandboxed: 'sandboxed' };
