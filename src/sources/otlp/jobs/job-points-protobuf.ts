import type { GrowthCounts, JobFigure, JobPoint } from '../../../model/job-point.ts';
import { type AttributeRange, SeriesId } from '../../points/series-id.ts';
import { ByteNames } from '../byte-names.ts';
import {
  ANY_VALUE_STRING,
  EXPONENTIAL_ATTRIBUTES,
  EXPONENTIAL_MAX,
  HISTOGRAM_ATTRIBUTES,
  HISTOGRAM_BOUNDS,
  HISTOGRAM_BUCKETS,
  HISTOGRAM_COUNT,
  HISTOGRAM_FLAGS,
  HISTOGRAM_MAX,
  HISTOGRAM_SUM,
  KEY_VALUE_KEY,
  KEY_VALUE_VALUE,
  METRIC_EXPONENTIAL_HISTOGRAM,
  METRIC_HISTOGRAM,
  NUMBER_AS_DOUBLE,
  NUMBER_AS_INT,
  NUMBER_ATTRIBUTES,
  NUMBER_FLAGS,
  POINT_START,
  POINT_TIME,
} from '../otlp-tags.ts';
import { FLAG_NO_RECORDED_VALUE } from '../wanted-metrics.ts';
import { WireReader } from '../wire-reader.ts';
import { DecodedJobPoint, JOB_ATTRIBUTES, labelEnd, MAX_BUCKETS } from './job-metrics.ts';

const NAMES = new ByteNames(JOB_ATTRIBUTES);

/** How the data point is encoded: the fields that differ between the kinds of metrics. */
interface Layout {
  readonly isHistogram: boolean;
  readonly attributes: number;
  readonly flags: number;
  readonly max: number;
}

const NUMBER: Layout = { isHistogram: false, attributes: NUMBER_ATTRIBUTES, flags: NUMBER_FLAGS, max: 0 };
const HISTOGRAM: Layout = {
  isHistogram: true,
  attributes: HISTOGRAM_ATTRIBUTES,
  flags: HISTOGRAM_FLAGS,
  max: HISTOGRAM_MAX,
};
const EXPONENTIAL: Layout = {
  isHistogram: true,
  attributes: EXPONENTIAL_ATTRIBUTES,
  flags: HISTOGRAM_FLAGS,
  max: EXPONENTIAL_MAX,
};

interface Draft {
  timeMs: number;
  startMs: number;
  value: number;
  flags: number;
  sum: number;
  max: number | null;
  bounds: readonly number[];
  counts: readonly number[];
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/**
 * Reads data points about jobs from OTLP's protobuf. These are half of what workers send, so nothing is allocated for a
 * point but the point; its names become text only where its series is new, by reading it again.
 */
export class JobPointReader {
  readonly #wire: WireReader;
  readonly #series = new SeriesId();
  readonly #range = emptyRange();
  readonly #draft: Draft = emptyDraft();

  constructor(wire: WireReader) {
    this.#wire = wire;
  }

  /**
   * Reads one data point up to `end`; null where its series ended.
   *
   * @param data the tag of the metric's data
   */
  read(figure: JobFigure, end: number, { data, isDelta }: { data: number; isDelta: boolean }): JobPoint | null {
    const layout = data === METRIC_HISTOGRAM ? HISTOGRAM : data === METRIC_EXPONENTIAL_HISTOGRAM ? EXPONENTIAL : NUMBER;
    const wire = this.#wire;
    const start = wire.position;
    const draft = this.#draft;
    draft.timeMs = draft.startMs = draft.flags = draft.sum = 0;
    draft.value = layout.isHistogram ? 0 : Number.NaN;
    draft.max = null;
    draft.bounds = draft.counts = NONE;
    this.#series.reset();
    while (wire.position < end) {
      const tag = wire.tag();
      if (tag === layout.attributes) {
        readAttribute(wire, wire.rangeEnd(), this.#range);
        this.#series.add(wire.bytes, this.#range);
      } else this.#field(tag, layout, draft);
    }
    wire.expectEnd(end);
    if ((draft.flags & FLAG_NO_RECORDED_VALUE) !== 0) return null;
    const { timeMs, startMs, value } = draft;
    const growth = figure === 'growth' && layout.isHistogram ? growthOf(draft) : null;
    const seriesId = this.#series.value();
    return new DecodedJobPoint({ figure, seriesId, timeMs, startMs, isDelta, value, growth }, () =>
      textsIn(wire.bytes.subarray(start, end), layout.attributes),
    );
  }

  #field(tag: number, { isHistogram, flags, max }: Layout, draft: Draft): void {
    const wire = this.#wire;
    if (tag === POINT_TIME) draft.timeMs = wire.fixed64NanosAsMs();
    else if (tag === POINT_START) draft.startMs = wire.fixed64NanosAsMs();
    else if (tag === flags) draft.flags = wire.varint32();
    else if (!isHistogram && tag === NUMBER_AS_INT) draft.value = wire.signedFixed64();
    else if (!isHistogram && tag === NUMBER_AS_DOUBLE) draft.value = wire.double();
    else if (isHistogram && tag === HISTOGRAM_COUNT) draft.value = wire.signedFixed64();
    else if (isHistogram && tag === HISTOGRAM_SUM) draft.sum = wire.double();
    else if (isHistogram && tag === max) draft.max = wire.double();
    else if (max === HISTOGRAM_MAX && tag === HISTOGRAM_BUCKETS) draft.counts = this.#packed(false);
    else if (max === HISTOGRAM_MAX && tag === HISTOGRAM_BOUNDS) draft.bounds = this.#packed(true);
    else wire.skip(tag);
  }

  /** Eight bytes each; empty where there are too many. */
  #packed(areDoubles: boolean): readonly number[] {
    const wire = this.#wire;
    const end = wire.rangeEnd();
    if ((end - wire.position) / 8 > MAX_BUCKETS) {
      wire.position = end;
      return NONE;
    }
    const values: number[] = [];
    while (wire.position < end) values.push(areDoubles ? wire.double() : wire.signedFixed64());
    wire.expectEnd(end);
    return values;
  }
}

const NONE: readonly number[] = [];

function emptyDraft(): Draft {
  return { timeMs: 0, startMs: 0, value: 0, flags: 0, sum: 0, max: null, bounds: NONE, counts: NONE };
}

function emptyRange(): Mutable<AttributeRange> {
  return { keyStart: 0, keyEnd: 0, valueStart: 0, valueEnd: 0, isText: false };
}

/** Notes where key and value of a KeyValue lie. */
function readAttribute(wire: WireReader, end: number, range: Mutable<AttributeRange>): void {
  range.keyStart = range.keyEnd = range.valueStart = range.valueEnd = 0;
  range.isText = false;
  while (wire.position < end) {
    const tag = wire.tag();
    if (tag === KEY_VALUE_KEY) {
      range.keyEnd = wire.rangeEnd();
      range.keyStart = wire.position;
      wire.position = range.keyEnd;
    } else if (tag === KEY_VALUE_VALUE) readValue(wire, wire.rangeEnd(), range);
    else wire.skip(tag);
  }
  wire.expectEnd(end);
}

function readValue(wire: WireReader, end: number, range: Mutable<AttributeRange>): void {
  range.valueStart = wire.position;
  range.valueEnd = end;
  while (wire.position < end) {
    const tag = wire.tag();
    if (tag !== ANY_VALUE_STRING) wire.skip(tag);
    else {
      range.valueEnd = wire.rangeEnd();
      range.valueStart = wire.position;
      range.isText = true;
      wire.position = range.valueEnd;
    }
  }
  wire.expectEnd(end);
}

function growthOf({ value, sum, max, bounds, counts }: Draft): GrowthCounts {
  return counts.length === bounds.length + 1 && bounds.length > 0
    ? { bounds, counts, sum, max }
    : { bounds: [], counts: [value], sum, max };
}

/** The names of a data point that was read once, so it is well formed. */
function textsIn(dataPoint: Uint8Array, attributes: number): readonly (string | undefined)[] {
  const wire = new WireReader(dataPoint);
  const range = emptyRange();
  const texts: (string | undefined)[] = [];
  while (wire.position < wire.bytes.length) {
    const tag = wire.tag();
    if (tag !== attributes) {
      wire.skip(tag);
      continue;
    }
    readAttribute(wire, wire.rangeEnd(), range);
    const place = range.isText ? NAMES.find(wire.bytes, range.keyStart, range.keyEnd) : -1;
    if (place >= 0) texts[place] = wire.text(range.valueStart, labelEnd(wire.bytes, range.valueStart, range.valueEnd));
  }
  return texts;
}
