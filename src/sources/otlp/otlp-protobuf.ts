import { FIELD_WEIGHTS } from '../limits.ts';
import { IDENTITY_ATTRIBUTES, MAX_IDENTITY_BYTES } from '../points/process-identity.ts';
import { type DecodedRequest, RequestFold } from '../points/request-fold.ts';
import { SeriesId } from '../points/series-id.ts';
import { ByteNames } from './byte-names.ts';
import { JobPointReader } from './jobs/job-points-protobuf.ts';
import {
  ANY_VALUE_STRING,
  DATA_POINTS,
  DATA_TEMPORALITY,
  EXPONENTIAL_ATTRIBUTES,
  HISTOGRAM_ATTRIBUTES,
  HISTOGRAM_COUNT,
  HISTOGRAM_FLAGS,
  KEY_VALUE_KEY,
  KEY_VALUE_VALUE,
  METRIC_HISTOGRAM,
  METRIC_NAME,
  NUMBER_AS_DOUBLE,
  NUMBER_AS_INT,
  NUMBER_ATTRIBUTES,
  NUMBER_FLAGS,
  POINT_TIME,
  REQUEST_RESOURCE_METRICS,
  RESOURCE_ATTRIBUTES,
  RESOURCE_METRICS_RESOURCE,
  RESOURCE_METRICS_SCOPE_METRICS,
  SCOPE_METRICS_METRICS,
} from './otlp-tags.ts';
import { OWN_VOCABULARY, type Vocabulary } from './vocabulary.ts';
import { figureOf, intText, isData, isKindOf, type Metric } from './wanted-bytes.ts';
import { FLAG_NO_RECORDED_VALUE, isUsableTemporality, TEMPORALITY_DELTA } from './wanted-metrics.ts';
import { WireReader } from './wire-reader.ts';

const NO_NAMES = new ByteNames([]);

/**
 * Reads an `ExportMetricsServiceRequest`. Fields that are not needed are passed over, so the depth of the reading is
 * that of the schema, whatever the sender nests. Throws `BadInputError` if the bytes are not such a message, and
 * `TooManyFieldsError` at the field that is one too many.
 */
export function decodeProtobuf(bytes: Uint8Array, vocabulary = OWN_VOCABULARY): DecodedRequest {
  return new RequestReader(bytes, vocabulary).read();
}

class RequestReader {
  readonly #vocabulary: Vocabulary;
  readonly #wire: WireReader;
  readonly #fold = new RequestFold();
  readonly #identity: (string | undefined)[] = [];
  readonly #series = new SeriesId();
  readonly #jobs: JobPointReader;

  constructor(bytes: Uint8Array, vocabulary: Vocabulary) {
    this.#vocabulary = vocabulary;
    this.#wire = new WireReader(bytes);
    this.#jobs = new JobPointReader(this.#wire);
  }

  read(): DecodedRequest {
    const wire = this.#wire;
    const end = wire.bytes.length;
    while (wire.position < end) {
      const tag = wire.tag();
      if (tag === REQUEST_RESOURCE_METRICS) this.#resourceMetrics(wire.rangeEnd());
      else wire.skip(tag);
    }
    return this.#fold;
  }

  /** Twice over the fields, which may come in any order: first for the resource, then for its metrics. */
  #resourceMetrics(end: number): void {
    this.#wire.spend(FIELD_WEIGHTS.resource);
    const start = this.#wire.position;
    this.#identity.length = 0;
    this.#eachOf(RESOURCE_METRICS_RESOURCE, end, this.#resource);
    this.#vocabulary.complete?.(this.#identity);
    this.#fold.begin(this.#identity);
    this.#wire.position = start;
    this.#eachOf(RESOURCE_METRICS_SCOPE_METRICS, end, this.#scopeMetrics);
    this.#fold.end();
  }

  readonly #resource = (end: number): void => this.#eachOf(RESOURCE_ATTRIBUTES, end, this.#resourceAttribute);

  readonly #scopeMetrics = (end: number): void => this.#eachOf(SCOPE_METRICS_METRICS, end, this.#metric);

  /** Hands each nested message under `wanted` to `read`, and passes over the rest. */
  #eachOf(wanted: number, end: number, read: (end: number) => void): void {
    const wire = this.#wire;
    while (wire.position < end) {
      const tag = wire.tag();
      if (tag === wanted) read(wire.rangeEnd());
      else wire.skip(tag);
    }
    wire.expectEnd(end);
  }

  readonly #resourceAttribute = (end: number): void => {
    const place = this.#keyValue(end, this.#vocabulary.identityNames);
    if (place < 0 || this.#valueEnd - this.#valueStart > MAX_IDENTITY_BYTES) return;
    if (this.#valueStart >= 0) this.#identity[place] = this.#wire.text(this.#valueStart, this.#valueEnd);
    // Of other senders a process id may be a number.
    else if (place >= IDENTITY_ATTRIBUTES.length)
      this.#identity[place] = intText(this.#wire.bytes, this.#rawStart, this.#rawEnd);
  };

  /** Where the key of the last KeyValue lies. */
  #keyStart = 0;
  #keyEnd = 0;
  /** Where its string lies (the start is -1 where the value is no string), and its value as it is encoded. */
  #valueStart = -1;
  #valueEnd = -1;
  #rawStart = 0;
  #rawEnd = 0;

  /** Reads a KeyValue and returns the place of its key among the names, or -1. */
  #keyValue(end: number, names: ByteNames): number {
    const wire = this.#wire;
    let place = -1;
    this.#keyStart = this.#keyEnd = this.#rawStart = this.#rawEnd = 0;
    this.#valueStart = -1;
    this.#valueEnd = -1;
    while (wire.position < end) {
      const tag = wire.tag();
      if (tag === KEY_VALUE_KEY) {
        this.#keyEnd = wire.rangeEnd();
        this.#keyStart = wire.position;
        place = names.find(wire.bytes, wire.position, this.#keyEnd);
        wire.position = this.#keyEnd;
      } else if (tag === KEY_VALUE_VALUE) {
        this.#rawEnd = wire.rangeEnd();
        this.#rawStart = wire.position;
        this.#anyValue(this.#rawEnd);
      } else wire.skip(tag);
    }
    wire.expectEnd(end);
    return place;
  }

  #anyValue(end: number): void {
    const wire = this.#wire;
    while (wire.position < end) {
      const tag = wire.tag();
      if (tag === ANY_VALUE_STRING) {
        this.#valueEnd = wire.rangeEnd();
        this.#valueStart = wire.position;
        wire.position = this.#valueEnd;
      } else wire.skip(tag);
    }
    wire.expectEnd(end);
  }

  readonly #metric = (end: number): void => {
    const wire = this.#wire;
    wire.spend(FIELD_WEIGHTS.metric);
    let name = -1;
    let data = 0;
    let dataStart = 0;
    let dataEnd = 0;
    while (wire.position < end) {
      const tag = wire.tag();
      if (tag === METRIC_NAME) {
        const nameEnd = wire.rangeEnd();
        name = this.#vocabulary.metricNames.find(wire.bytes, wire.position, nameEnd);
        wire.position = nameEnd;
      } else if (isData(tag)) {
        dataEnd = wire.rangeEnd();
        data = tag;
        dataStart = wire.position;
        wire.position = dataEnd;
      } else wire.skip(tag);
    }
    wire.expectEnd(end);
    if (data === 0) return;
    wire.position = dataStart;
    this.#data(name, data, dataEnd);
    wire.position = end;
  };

  /**
   * The data of one metric, of whichever kind: all have their data points in field 1, and their temporality in field 2.
   */
  #data(name: number, data: number, end: number): void {
    const wire = this.#wire;
    const metric = this.#vocabulary.metrics[name];
    const start = wire.position;
    let count = 0;
    let temporality = 0;
    while (wire.position < end) {
      const tag = wire.tag();
      if (tag === DATA_TEMPORALITY) temporality = wire.varint32();
      else {
        if (tag === DATA_POINTS) count++;
        wire.skip(tag);
      }
    }
    wire.expectEnd(end);
    const isField = metric !== undefined && isKindOf(metric, data) && isUsableTemporality(metric.kind, temporality);
    const figure = figureOf(name, data, temporality);
    if (!isField && figure === undefined) this.#fold.ignored += count;
    wire.position = start;
    if (isField) this.#fieldPoints(metric, data, end);
    if (figure === undefined) return;
    wire.position = start;
    const isDelta = temporality === TEMPORALITY_DELTA;
    while (wire.position < end) {
      const tag = wire.tag();
      if (tag !== DATA_POINTS || this.#fold.isFullOfJobs) {
        if (tag === DATA_POINTS && !isField) this.#fold.leaveOut(1);
        wire.skip(tag);
        continue;
      }
      wire.spend(FIELD_WEIGHTS.jobPoint);
      const point = this.#jobs.read(figure, wire.rangeEnd(), { data, isDelta });
      if (point !== null) this.#fold.addJob(point, isField);
      else if (!isField) this.#fold.ignored++;
    }
  }

  #fieldPoints(metric: Metric, data: number, end: number): void {
    const wire = this.#wire;
    while (wire.position < end) {
      const tag = wire.tag();
      if (tag !== DATA_POINTS || this.#fold.isFull) {
        if (tag === DATA_POINTS) this.#fold.leaveOut(1);
        wire.skip(tag);
      } else if (metric.kind === 'value') this.#numberPoint(metric, wire.rangeEnd());
      else {
        const attributes = data === METRIC_HISTOGRAM ? HISTOGRAM_ATTRIBUTES : EXPONENTIAL_ATTRIBUTES;
        this.#histogramPoint(metric, wire.rangeEnd(), attributes);
      }
    }
  }

  #numberPoint(metric: Metric, end: number): void {
    const wire = this.#wire;
    let field = metric.selector === null ? metric.field : metric.selector.withoutIt;
    let timeMs = 0;
    let value = Number.NaN;
    let flags = 0;
    this.#series.reset();
    while (wire.position < end) {
      const tag = wire.tag();
      if (tag === POINT_TIME) timeMs = wire.fixed64NanosAsMs();
      else if (tag === NUMBER_AS_INT) value = wire.signedFixed64();
      else if (tag === NUMBER_AS_DOUBLE) value = wire.double();
      else if (tag === NUMBER_FLAGS) flags = wire.varint32();
      else if (tag === NUMBER_ATTRIBUTES && (metric.selector !== null || metric.sums)) {
        field = this.#attribute(metric, wire.rangeEnd(), field);
      } else wire.skip(tag);
    }
    wire.expectEnd(end);
    this.#add(metric, (flags & FLAG_NO_RECORDED_VALUE) === 0 ? field : -1, timeMs, value);
  }

  #histogramPoint(metric: Metric, end: number, attributes: number): void {
    const wire = this.#wire;
    let field = metric.selector === null ? metric.field : metric.selector.withoutIt;
    let timeMs = 0;
    let count = 0;
    let flags = 0;
    this.#series.reset();
    while (wire.position < end) {
      const tag = wire.tag();
      if (tag === POINT_TIME) timeMs = wire.fixed64NanosAsMs();
      else if (tag === HISTOGRAM_COUNT) count = wire.signedFixed64();
      else if (tag === HISTOGRAM_FLAGS) flags = wire.varint32();
      else if (tag === attributes && (metric.selector !== null || metric.sums)) {
        field = this.#attribute(metric, wire.rangeEnd(), field);
      } else wire.skip(tag);
    }
    wire.expectEnd(end);
    this.#add(metric, (flags & FLAG_NO_RECORDED_VALUE) === 0 ? field : -1, timeMs, count);
  }

  #add(metric: Metric, field: number, timeMs: number, value: number): void {
    this.#fold.add({ field, sums: metric.sums, timeMs, value, seriesId: this.#series.value() });
  }

  /**
   * Reads one attribute of a data point, and returns the field that it chooses; `field` as it was where the attribute
   * is another one.
   */
  #attribute({ selector, sums }: Metric, end: number, field: number): number {
    const place = this.#keyValue(end, selector?.attribute ?? NO_NAMES);
    if (sums) {
      const isText = this.#valueStart >= 0;
      this.#series.add(this.#wire.bytes, {
        keyStart: this.#keyStart,
        keyEnd: this.#keyEnd,
        valueStart: isText ? this.#valueStart : this.#rawStart,
        valueEnd: isText ? this.#valueEnd : this.#rawEnd,
        isText,
      });
    }
    if (selector === null || place < 0) return field;
    return selector.fields[selector.values.find(this.#wire.bytes, this.#valueStart, this.#valueEnd)] ?? -1;
  }
}
