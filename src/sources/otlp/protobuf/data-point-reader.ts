import type { GrowthCounts } from '../../../model/job-point.ts';
import type { JobNumbers } from '../jobs/job-metrics.ts';
import { MAX_BUCKETS } from '../jobs/job-metrics.ts';
import { FLAG_NO_RECORDED_VALUE } from '../wanted-metrics.ts';
import { type AttributeSet, AttributeSets } from './attribute-sets.ts';
import { ByteMemory } from './byte-memory.ts';
import {
  EXPONENTIAL_ATTRIBUTES,
  EXPONENTIAL_MAX,
  HISTOGRAM_ATTRIBUTES,
  HISTOGRAM_BOUNDS,
  HISTOGRAM_BUCKETS,
  HISTOGRAM_COUNT,
  HISTOGRAM_FLAGS,
  HISTOGRAM_MAX,
  HISTOGRAM_SUM,
  METRIC_EXPONENTIAL_HISTOGRAM,
  METRIC_HISTOGRAM,
  NUMBER_AS_DOUBLE,
  NUMBER_AS_INT,
  NUMBER_ATTRIBUTES,
  NUMBER_FLAGS,
  POINT_START,
  POINT_TIME,
} from './otlp-tags.ts';
import type { WireReader } from './wire-reader.ts';

/** How a data point is encoded: the fields that differ between the kinds of metrics. */
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

/** @param data the tag of a metric's data */
export function layoutOf(data: number): Layout {
  return data === METRIC_HISTOGRAM ? HISTOGRAM : data === METRIC_EXPONENTIAL_HISTOGRAM ? EXPONENTIAL : NUMBER;
}

const NONE: readonly number[] = [];
/** Programs have a few lists of bounds. */
const MAX_BOUNDS_BYTES = 64 * 1024;
const BYTES_PER_LIST = 400;

/** How data points are encoded, and what of them is wanted besides times and value. One object for a whole metric. */
export interface Reading {
  readonly layout: Layout;
  readonly wantsAttributes: boolean;
  readonly wantsGrowth: boolean;
}

/**
 * Reads one data point after another into itself: a request has thousands, and an object for each would be most of what
 * is to be collected afterwards.
 */
export class DataPointReader implements JobNumbers {
  readonly #sets = new AttributeSets();
  readonly #knownBounds = new ByteMemory<readonly number[]>(MAX_BOUNDS_BYTES, BYTES_PER_LIST);
  timeMs = 0;
  startMs = 0;
  /** How many it counts, of a histogram. */
  value = 0;
  seriesId = 0;
  /** Whether it has a value: without one it says that its series ended. */
  isRecorded = true;
  /** Null where they are not wanted. */
  attributes: AttributeSet | null = null;
  #flags = 0;
  #sum = 0;
  #max: number | null = null;
  #counts = NONE;
  #bounds = NONE;
  readonly #range = { tag: 0, start: 0, end: 0, isMixed: false };

  read(wire: WireReader, end: number, reading: Reading): void {
    const { layout } = reading;
    this.#reset(layout);
    const range = this.#range;
    while (wire.position < end) {
      const start = wire.position;
      const tag = wire.tag();
      if (tag === layout.attributes) {
        wire.position = wire.rangeEnd();
        if (range.end === 0) range.start = start;
        else if (range.end !== start) range.isMixed = true;
        range.end = wire.position;
      } else this.#field(wire, tag, reading);
    }
    wire.expectEnd(end);
    this.isRecorded = (this.#flags & FLAG_NO_RECORDED_VALUE) === 0;
    if (!reading.wantsAttributes) return;
    this.attributes = this.#sets.read(wire, range);
    this.seriesId = this.attributes.seriesId;
  }

  #reset({ isHistogram, attributes }: Layout): void {
    this.timeMs = this.startMs = this.#flags = this.#sum = this.seriesId = 0;
    this.value = isHistogram ? 0 : Number.NaN;
    this.#max = null;
    this.#counts = this.#bounds = NONE;
    this.attributes = null;
    const range = this.#range;
    range.tag = attributes;
    range.start = range.end = 0;
    range.isMixed = false;
  }

  #field(wire: WireReader, tag: number, reading: Reading): void {
    const { layout } = reading;
    if (tag === POINT_TIME) this.timeMs = wire.fixed64NanosAsMs();
    else if (tag === POINT_START) this.startMs = wire.fixed64NanosAsMs();
    else if (tag === layout.flags) this.#flags = wire.varint32();
    else if (layout.isHistogram) this.#histogramField(wire, tag, reading);
    else if (tag === NUMBER_AS_INT) this.value = wire.signedFixed64();
    else if (tag === NUMBER_AS_DOUBLE) this.value = wire.double();
    else wire.skip(tag);
  }

  #histogramField(wire: WireReader, tag: number, { layout, wantsGrowth }: Reading): void {
    if (tag === HISTOGRAM_COUNT) this.value = wire.signedFixed64();
    else if (!wantsGrowth) wire.skip(tag);
    else if (tag === HISTOGRAM_SUM) this.#sum = wire.double();
    else if (tag === layout.max) this.#max = wire.double();
    else if (layout === HISTOGRAM && tag === HISTOGRAM_BUCKETS) this.#counts = packed(wire, false);
    else if (layout === HISTOGRAM && tag === HISTOGRAM_BOUNDS) this.#bounds = this.#boundsAt(wire);
    else wire.skip(tag);
  }

  #boundsAt(wire: WireReader): readonly number[] {
    const start = wire.position;
    const end = wire.rangeEnd();
    const known = this.#knownBounds.find(wire.view, start, end);
    if (known !== undefined) {
      wire.position = end;
      return known;
    }
    wire.position = start;
    const bounds = packed(wire, true);
    this.#knownBounds.remember(wire.view, start, end, bounds);
    return bounds;
  }

  /** Of a histogram: in buckets where it has as many as bounds ask for. */
  growth(): GrowthCounts {
    const [bounds, counts, sum, max] = [this.#bounds, this.#counts, this.#sum, this.#max];
    return counts.length === bounds.length + 1 && bounds.length > 0
      ? { bounds, counts, sum, max }
      : { bounds: NONE, counts: [this.value], sum, max };
  }
}

/** Eight bytes each; empty where there are too many. */
function packed(wire: WireReader, areDoubles: boolean): readonly number[] {
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
