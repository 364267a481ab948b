import { FIELD_WEIGHTS } from '../limits.ts';
import { type DecodedRequest, RequestFold } from '../points/request-fold.ts';
import { JobPointPool } from './jobs/job-metrics.ts';
import type { AttributeSet } from './protobuf/attribute-sets.ts';
import { DataPointReader } from './protobuf/data-point-reader.ts';
import { type MetricUse, MetricUses } from './protobuf/metric-uses.ts';
import {
  DATA_POINTS,
  DATA_TEMPORALITY,
  METRIC_NAME,
  REQUEST_RESOURCE_METRICS,
  RESOURCE_ATTRIBUTES,
  RESOURCE_METRICS_RESOURCE,
  RESOURCE_METRICS_SCOPE_METRICS,
  SCOPE_ATTRIBUTES,
  SCOPE_METRICS_METRICS,
  SCOPE_METRICS_SCOPE,
} from './protobuf/otlp-tags.ts';
import { ResourceReader } from './protobuf/resource-reader.ts';
import { WireReader } from './protobuf/wire-reader.ts';
import { OWN_VOCABULARY, type Vocabulary } from './vocabulary.ts';
import { isData } from './wanted-bytes.ts';
import type { WantedMetric } from './wanted-metrics.ts';

/**
 * Where the attributes of a process are: on the resource, or on each scope. For Kafka the Collector moves them to the
 * scopes, because the resource is the record's key (`collector-config/kafka.yaml`).
 */
export type IdentityOn = 'resource' | 'scope';

/** Reads an `ExportMetricsServiceRequest` once. Who reads many keeps a `ProtobufDecoder`. */
export function decodeProtobuf(bytes: Uint8Array, vocabulary = OWN_VOCABULARY): DecodedRequest {
  return new ProtobufDecoder(vocabulary).decode(bytes);
}

/**
 * Reads `ExportMetricsServiceRequest`s, and remembers of one what the next repeats: who measured, and the attributes of
 * data points.
 *
 * Written by hand because a generated decoder makes an object of every message. A Collector's batch has tens of
 * thousands of them, most of which nobody reads.
 */
export class ProtobufDecoder {
  readonly #vocabulary: Vocabulary;
  readonly #resources: ResourceReader;
  readonly #dataPoint = new DataPointReader();
  readonly #jobPoints = new JobPointPool();
  readonly #uses: MetricUses;
  readonly #identityOn: IdentityOn;

  constructor(vocabulary: Vocabulary, identityOn: IdentityOn = 'resource') {
    this.#vocabulary = vocabulary;
    this.#resources = new ResourceReader(vocabulary, identityOn === 'scope' ? SCOPE_ATTRIBUTES : RESOURCE_ATTRIBUTES);
    this.#uses = new MetricUses(vocabulary.metrics);
    this.#identityOn = identityOn;
  }

  /**
   * Fields that are not needed are passed over, so the depth of the reading is that of the schema, whatever the sender
   * nests. Throws `BadInputError` if the bytes are not such a message, and `OverLimitError` at the field that is
   * one too many. What it returns holds nothing of the bytes; its points of jobs are good until the next call.
   */
  decode(bytes: Uint8Array): DecodedRequest {
    this.#jobPoints.restart();
    const parts = {
      vocabulary: this.#vocabulary,
      resources: this.#resources,
      dataPoint: this.#dataPoint,
      jobPoints: this.#jobPoints,
      uses: this.#uses,
      identityOn: this.#identityOn,
    };
    return new RequestReader(bytes, parts).read();
  }
}

interface Parts {
  readonly vocabulary: Vocabulary;
  readonly resources: ResourceReader;
  readonly dataPoint: DataPointReader;
  readonly jobPoints: JobPointPool;
  readonly uses: MetricUses;
  readonly identityOn: IdentityOn;
}

class RequestReader {
  readonly #wire: WireReader;
  readonly #fold = new RequestFold();
  readonly #parts: Parts;

  constructor(bytes: Uint8Array, parts: Parts) {
    this.#wire = new WireReader(bytes);
    this.#parts = parts;
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

  #resourceMetrics(end: number): void {
    if (this.#parts.identityOn === 'scope') this.#eachOf(RESOURCE_METRICS_SCOPE_METRICS, end, this.#ofScope);
    else this.#ofProcess(RESOURCE_METRICS_RESOURCE, RESOURCE_METRICS_SCOPE_METRICS, end, this.#scopeMetrics);
  }

  readonly #ofScope = (end: number): void =>
    this.#ofProcess(SCOPE_METRICS_SCOPE, SCOPE_METRICS_METRICS, end, this.#metric);

  /**
   * What one process measured. Twice over the fields, which may come in any order: first for the one that names the
   * process, then for those with what it measured.
   */
  #ofProcess(named: number, measured: number, end: number, read: (end: number) => void): void {
    const wire = this.#wire;
    wire.spend(FIELD_WEIGHTS.resource);
    const start = wire.position;
    const ranges: number[] = [];
    this.#eachOf(named, end, (namedEnd) => {
      ranges.push(wire.position, namedEnd);
      wire.position = namedEnd;
    });
    this.#fold.begin(this.#parts.resources.read(wire, ranges));
    wire.position = start;
    this.#eachOf(measured, end, read);
    this.#fold.end();
  }

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
        name = this.#parts.vocabulary.metricNames.find(wire.bytes, wire.position, nameEnd);
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
   * The data of one metric, of whichever kind: all have their data points in field 1, and their temporality in field 2,
   * behind them.
   */
  #data(name: number, data: number, end: number): void {
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
    const use = this.#parts.uses.of(name, data, temporality);
    if (use === null) {
      this.#fold.ignored += count;
      return;
    }
    wire.position = start;
    this.#dataPoints(end, use);
  }

  #dataPoints(end: number, use: MetricUse): void {
    const wire = this.#wire;
    const fold = this.#fold;
    while (wire.position < end) {
      const tag = wire.tag();
      if (tag !== DATA_POINTS) {
        wire.skip(tag);
      } else if (use.metric === null ? fold.isFullOfJobs : fold.isFull) {
        fold.leaveOut(1);
        wire.skip(tag);
      } else {
        this.#parts.dataPoint.read(wire, wire.rangeEnd(), use);
        this.#add(use);
      }
    }
  }

  /** Adds the data point that was read last, as a field of a Point, as what it says of jobs, or as both. */
  #add({ metric, figure, isDelta }: MetricUse): void {
    const { dataPoint, jobPoints } = this.#parts;
    const { attributes, isRecorded } = dataPoint;
    if (metric !== null) this.#fold.add(isRecorded ? fieldOf(metric, attributes) : -1, metric.sums, dataPoint);
    if (figure === undefined || attributes === null || (metric !== null && this.#fold.isFullOfJobs)) return;
    this.#wire.spend(FIELD_WEIGHTS.jobPoint);
    if (!isRecorded) {
      if (metric === null) this.#fold.ignored++;
      return;
    }
    const growth = figure === 'growth' ? dataPoint.growth() : null;
    this.#fold.addJob(jobPoints.make({ figure, isDelta, growth }, dataPoint, attributes), metric !== null);
  }
}

/** The field that a data point belongs to; -1: none. */
function fieldOf({ field, selector }: WantedMetric, attributes: AttributeSet | null): number {
  return selector === null || attributes === null ? field : attributes.fieldOf(selector);
}
