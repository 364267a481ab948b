import {
  ATTR_MEMORY_STATE,
  ATTR_MESSAGING_SYSTEM,
  MESSAGING_SYSTEM_BULLMQ,
  METRIC_DYNO_MEMORY_LIMIT,
  METRIC_DYNO_MEMORY_USAGE,
  METRIC_JOB_ACTIVE,
  METRIC_JOB_ACTIVE_AGE,
  METRIC_PROCESS_DURATION,
  METRIC_PROCESS_MEMORY_EXTERNAL,
  METRIC_PROCESS_MEMORY_USAGE,
  METRIC_V8JS_MEMORY_HEAP_USED,
} from '../../semconv.ts';

/** The measured fields of a Point, in the order in which a fold keeps them. */
export const FIELDS = [
  'rssBytes',
  'treeResidentBytes',
  'treeSwapBytes',
  'limitBytes',
  'heapUsedBytes',
  'externalBytes',
  'activeJobs',
  'completedJobs',
  'oldestJobAgeS',
] as const;

type Field = (typeof FIELDS)[number];

/** Which data points of a metric belong to which field, by the value of one attribute. */
export interface Selector {
  readonly attribute: string;
  readonly fields: ReadonlyMap<string, number>;
  /** The field of data points without that attribute; -1: none. */
  readonly withoutIt: number;
}

/** How one metric is used. Fields are given by their place in `FIELDS`. */
export interface WantedMetric {
  readonly name: string;
  /** `value`: gauge or sum. `count`: how many records a histogram holds. */
  readonly kind: 'value' | 'count';
  readonly field: number;
  /** Whether the field is the sum over the data points (heap spaces, queues, job names). */
  readonly sums: boolean;
  /** Null: every data point belongs to `field`. */
  readonly selector: Selector | null;
}

const place = (field: Field) => FIELDS.indexOf(field);

function value(name: string, field: Field, sums = false): WantedMetric {
  return { name, kind: 'value', field: place(field), sums, selector: null };
}

/** The metrics that a Point is made of; every other one is counted and left alone. */
export const WANTED_METRICS: readonly WantedMetric[] = [
  value(METRIC_PROCESS_MEMORY_USAGE.name, 'rssBytes'),
  {
    ...value(METRIC_DYNO_MEMORY_USAGE.name, 'treeResidentBytes'),
    selector: {
      attribute: ATTR_MEMORY_STATE,
      fields: new Map([
        ['resident', place('treeResidentBytes')],
        ['swap', place('treeSwapBytes')],
      ]),
      withoutIt: -1,
    },
  },
  value(METRIC_DYNO_MEMORY_LIMIT.name, 'limitBytes'),
  value(METRIC_V8JS_MEMORY_HEAP_USED.name, 'heapUsedBytes', true),
  value(METRIC_PROCESS_MEMORY_EXTERNAL.name, 'externalBytes'),
  value(METRIC_JOB_ACTIVE.name, 'activeJobs', true),
  value(METRIC_JOB_ACTIVE_AGE.name, 'oldestJobAgeS'),
  {
    name: METRIC_PROCESS_DURATION.name,
    kind: 'count',
    field: place('completedJobs'),
    sums: true,
    // Instrumentations of other messaging systems record under the same name in the same process.
    selector: {
      attribute: ATTR_MESSAGING_SYSTEM,
      fields: new Map([[MESSAGING_SYSTEM_BULLMQ, place('completedJobs')]]),
      withoutIt: place('completedJobs'),
    },
  },
];

/** `AggregationTemporality` of OTLP. */
export const TEMPORALITY_DELTA = 1;
export const TEMPORALITY_CUMULATIVE = 2;

/**
 * Whether a metric's numbers say how things stand. A delta says only what changed, and needs every delta before it. For
 * a sum an unset temporality is let pass: its value is read like a gauge's.
 */
export function isUsableTemporality(kind: WantedMetric['kind'], temporality: number): boolean {
  return kind === 'count' ? temporality === TEMPORALITY_CUMULATIVE : temporality !== TEMPORALITY_DELTA;
}

/** Bit 0 of a data point's flags: the series ended, there is no value. */
export const FLAG_NO_RECORDED_VALUE = 1;
