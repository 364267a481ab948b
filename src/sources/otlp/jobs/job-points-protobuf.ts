import type { GrowthCounts, JobFigure, JobPoint } from '../../../model/job-point.ts';
import { SeriesId } from '../../points/series-id.ts';
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
import type { WireReader } from '../wire-reader.ts';
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

/** Reads data points about jobs from OTLP's protobuf. Names become text only where a series is new. */
export class JobPointReader {
  readonly #wire: WireReader;
  readonly #series = new SeriesId();

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
    const places: number[] = [];
    const draft: Draft = {
      timeMs: 0,
      startMs: 0,
      value: Number.NaN,
      flags: 0,
      sum: 0,
      max: null,
      bounds: [],
      counts: [],
    };
    if (layout.isHistogram) draft.value = 0;
    this.#series.reset();
    while (wire.position < end) {
      const tag = wire.tag();
      if (tag === layout.attributes) this.#attribute(wire.rangeEnd(), places);
      else this.#field(tag, layout, draft);
    }
    wire.expectEnd(end);
    if ((draft.flags & FLAG_NO_RECORDED_VALUE) !== 0) return null;
    const { timeMs, startMs, value } = draft;
    const growth = figure === 'growth' && layout.isHistogram ? growthOf(draft) : null;
    const seriesId = this.#series.value();
    return new DecodedJobPoint({ figure, seriesId, timeMs, startMs, isDelta, value, growth }, () =>
      textsAt(wire, places),
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
    else if (max === HISTOGRAM_MAX && tag === HISTOGRAM_BUCKETS)
      draft.counts = this.#packed(() => wire.signedFixed64());
    else if (max === HISTOGRAM_MAX && tag === HISTOGRAM_BOUNDS) draft.bounds = this.#packed(() => wire.double());
    else wire.skip(tag);
  }

  /** Eight bytes each; empty where there are too many. */
  #packed(read: () => number): readonly number[] {
    const wire = this.#wire;
    const end = wire.rangeEnd();
    if ((end - wire.position) / 8 > MAX_BUCKETS) {
      wire.position = end;
      return [];
    }
    const values: number[] = [];
    while (wire.position < end) values.push(read());
    wire.expectEnd(end);
    return values;
  }

  /** Notes where the value of a wanted attribute lies: two places for each. */
  #attribute(end: number, places: number[]): void {
    const wire = this.#wire;
    const range = { keyStart: 0, keyEnd: 0, valueStart: 0, valueEnd: 0, isText: false };
    let place = -1;
    while (wire.position < end) {
      const tag = wire.tag();
      if (tag === KEY_VALUE_KEY) {
        range.keyEnd = wire.rangeEnd();
        range.keyStart = wire.position;
        place = NAMES.find(wire.bytes, range.keyStart, range.keyEnd);
        wire.position = range.keyEnd;
      } else if (tag === KEY_VALUE_VALUE) this.#value(wire.rangeEnd(), range);
      else wire.skip(tag);
    }
    wire.expectEnd(end);
    this.#series.add(wire.bytes, range);
    if (place < 0 || !range.isText) return;
    places[2 * place] = range.valueStart;
    places[2 * place + 1] = labelEnd(wire.bytes, range.valueStart, range.valueEnd);
  }

  #value(end: number, range: { valueStart: number; valueEnd: number; isText: boolean }): void {
    const wire = this.#wire;
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
}

function growthOf({ value, sum, max, bounds, counts }: Draft): GrowthCounts {
  return counts.length === bounds.length + 1 && bounds.length > 0
    ? { bounds, counts, sum, max }
    : { bounds: [], counts: [value], sum, max };
}

function textsAt(wire: WireReader, places: readonly (number | undefined)[]): readonly (string | undefined)[] {
  return JOB_ATTRIBUTES.map((_, place) => {
    const [start, end] = [places[2 * place], places[2 * place + 1]];
    return start === undefined || end === undefined ? undefined : wire.text(start, end);
  });
}
