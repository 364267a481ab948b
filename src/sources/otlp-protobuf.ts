import { ByteNames } from './byte-names.ts';
import { IDENTITY_ATTRIBUTES, MAX_IDENTITY_BYTES } from './process-identity.ts';
import { type DecodedRequest, RequestFold } from './request-fold.ts';
import {
  FLAG_NO_RECORDED_VALUE,
  isUsableTemporality,
  type Selector,
  WANTED_METRICS,
  type WantedMetric,
} from './wanted-metrics.ts';
import { WireReader } from './wire-reader.ts';

/*
 * Tags as they are on the wire, `field number << 3 | wire type`, of opentelemetry/proto/metrics/v1/metrics.proto. Numbers, not a
 * table: the switches over them are the hot path. A known field with another wire type is passed over like an unknown one.
 */
const REQUEST_RESOURCE_METRICS = 0x0a;
const RESOURCE_METRICS_RESOURCE = 0x0a;
const RESOURCE_METRICS_SCOPE_METRICS = 0x12;
const RESOURCE_ATTRIBUTES = 0x0a;
const KEY_VALUE_KEY = 0x0a;
const KEY_VALUE_VALUE = 0x12;
const ANY_VALUE_STRING = 0x0a;
const SCOPE_METRICS_METRICS = 0x12;
const METRIC_NAME = 0x0a;
const METRIC_GAUGE = 0x2a;
const METRIC_SUM = 0x3a;
const METRIC_HISTOGRAM = 0x4a;
const METRIC_EXPONENTIAL_HISTOGRAM = 0x52;
const METRIC_SUMMARY = 0x5a;
const DATA_POINTS = 0x0a;
const DATA_TEMPORALITY = 0x10;
const POINT_TIME = 0x19;
const NUMBER_AS_DOUBLE = 0x21;
const NUMBER_AS_INT = 0x31;
const NUMBER_ATTRIBUTES = 0x3a;
const NUMBER_FLAGS = 0x40;
const HISTOGRAM_COUNT = 0x21;
const HISTOGRAM_ATTRIBUTES = 0x4a;
const HISTOGRAM_FLAGS = 0x50;
const EXPONENTIAL_ATTRIBUTES = 0x0a;

const METRIC_NAMES = new ByteNames(WANTED_METRICS.map((metric) => metric.name));
const IDENTITY_NAMES = new ByteNames(IDENTITY_ATTRIBUTES);
const SELECTOR_NAMES = new Map(
  WANTED_METRICS.flatMap(({ selector }) =>
    selector === null ? [] : [[selector, new ByteNames([selector.attribute])]],
  ),
);

/**
 * Reads an `ExportMetricsServiceRequest`. Fields that are not needed are passed over, so the depth of the reading is that of the
 * schema, whatever the sender nests. Throws `BadInputError` where the bytes are no such message.
 */
export function decodeProtobuf(bytes: Uint8Array): DecodedRequest {
  return new RequestReader(bytes).read();
}

class RequestReader {
  readonly #wire: WireReader;
  readonly #fold = new RequestFold();
  readonly #identity: (string | undefined)[] = [];

  constructor(bytes: Uint8Array) {
    this.#wire = new WireReader(bytes);
  }

  read(): DecodedRequest {
    const wire = this.#wire;
    const end = wire.bytes.length;
    while (wire.position < end) {
      const tag = wire.tag();
      if (tag === REQUEST_RESOURCE_METRICS) this.#resourceMetrics(wire.rangeEnd());
      else wire.skip(tag);
    }
    wire.expectEnd(end);
    return this.#fold;
  }

  /** Twice over the fields, which may come in any order: first for the resource, then for its metrics. */
  #resourceMetrics(end: number): void {
    const start = this.#wire.position;
    this.#identity.length = 0;
    this.#eachOf(RESOURCE_METRICS_RESOURCE, end, this.#resource);
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
    const place = this.#keyValue(end, IDENTITY_NAMES);
    if (place < 0 || this.#valueEnd - this.#valueStart > MAX_IDENTITY_BYTES) return;
    this.#identity[place] = this.#value();
  };

  /** Where the string of the last KeyValue lies; its start is -1 where the value is no string. */
  #valueStart = -1;
  #valueEnd = -1;

  /** Reads a KeyValue and returns the place of its key among the names, or -1. */
  #keyValue(end: number, names: ByteNames): number {
    const wire = this.#wire;
    let place = -1;
    this.#valueStart = -1;
    this.#valueEnd = -1;
    while (wire.position < end) {
      const tag = wire.tag();
      if (tag === KEY_VALUE_KEY) {
        const keyEnd = wire.rangeEnd();
        place = names.find(wire.bytes, wire.position, keyEnd);
        wire.position = keyEnd;
      } else if (tag === KEY_VALUE_VALUE) this.#anyValue(wire.rangeEnd());
      else wire.skip(tag);
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

  #value(): string | undefined {
    return this.#valueStart < 0 ? undefined : this.#wire.text(this.#valueStart, this.#valueEnd);
  }

  readonly #metric = (end: number): void => {
    const wire = this.#wire;
    let name = -1;
    let data = 0;
    let dataStart = 0;
    let dataEnd = 0;
    while (wire.position < end) {
      const tag = wire.tag();
      if (tag === METRIC_NAME) {
        const nameEnd = wire.rangeEnd();
        name = METRIC_NAMES.find(wire.bytes, wire.position, nameEnd);
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
    this.#data(WANTED_METRICS[name], data, dataEnd);
    wire.position = end;
  };

  /** The data of one metric, of whichever kind: all have their data points in field 1, and their temporality in field 2. */
  #data(metric: WantedMetric | undefined, data: number, end: number): void {
    const wire = this.#wire;
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
    if (metric === undefined || !isKindOf(metric, data) || !isUsableTemporality(metric.kind, temporality)) {
      this.#fold.ignored += count;
      return;
    }
    wire.position = start;
    while (wire.position < end) {
      const tag = wire.tag();
      if (tag !== DATA_POINTS) wire.skip(tag);
      else if (metric.kind === 'value') this.#numberPoint(metric, wire.rangeEnd());
      else {
        const attributes = data === METRIC_HISTOGRAM ? HISTOGRAM_ATTRIBUTES : EXPONENTIAL_ATTRIBUTES;
        this.#histogramPoint(metric, wire.rangeEnd(), attributes);
      }
    }
  }

  #numberPoint(metric: WantedMetric, end: number): void {
    const wire = this.#wire;
    let field = metric.selector === null ? metric.field : metric.selector.withoutIt;
    let timeMs = 0;
    let value = Number.NaN;
    let flags = 0;
    while (wire.position < end) {
      const tag = wire.tag();
      if (tag === POINT_TIME) timeMs = wire.fixed64NanosAsMs();
      else if (tag === NUMBER_AS_INT) value = wire.signedFixed64();
      else if (tag === NUMBER_AS_DOUBLE) value = wire.double();
      else if (tag === NUMBER_FLAGS) flags = wire.varint32();
      else if (tag === NUMBER_ATTRIBUTES && metric.selector !== null) {
        field = this.#select(metric.selector, wire.rangeEnd(), field);
      } else wire.skip(tag);
    }
    wire.expectEnd(end);
    this.#add(metric, (flags & FLAG_NO_RECORDED_VALUE) === 0 ? field : -1, timeMs, value);
  }

  #histogramPoint(metric: WantedMetric, end: number, attributes: number): void {
    const wire = this.#wire;
    let field = metric.selector === null ? metric.field : metric.selector.withoutIt;
    let timeMs = 0;
    let count = 0;
    let flags = 0;
    while (wire.position < end) {
      const tag = wire.tag();
      if (tag === POINT_TIME) timeMs = wire.fixed64NanosAsMs();
      else if (tag === HISTOGRAM_COUNT) count = wire.signedFixed64();
      else if (tag === HISTOGRAM_FLAGS) flags = wire.varint32();
      else if (tag === attributes && metric.selector !== null) {
        field = this.#select(metric.selector, wire.rangeEnd(), field);
      } else wire.skip(tag);
    }
    wire.expectEnd(end);
    this.#add(metric, (flags & FLAG_NO_RECORDED_VALUE) === 0 ? field : -1, timeMs, count);
  }

  #add(metric: WantedMetric, field: number, timeMs: number, value: number): void {
    this.#fold.add(field, metric.sums, timeMs, value);
  }

  /** The field that one attribute of a data point chooses; `field` as it was where the attribute is another one. */
  #select(selector: Selector, end: number, field: number): number {
    const names = SELECTOR_NAMES.get(selector);
    if (names === undefined || this.#keyValue(end, names) < 0) return field;
    return selector.fields.get(this.#value() ?? '') ?? -1;
  }
}

function isData(tag: number): boolean {
  return (
    tag === METRIC_GAUGE ||
    tag === METRIC_SUM ||
    tag === METRIC_HISTOGRAM ||
    tag === METRIC_EXPONENTIAL_HISTOGRAM ||
    tag === METRIC_SUMMARY
  );
}

function isKindOf(metric: WantedMetric, data: number): boolean {
  if (metric.kind === 'value') return data === METRIC_GAUGE || data === METRIC_SUM;
  return data === METRIC_HISTOGRAM || data === METRIC_EXPONENTIAL_HISTOGRAM;
}
