import { getHeapSpaceStatistics } from 'node:v8';
import {
  type BatchObservableCallback,
  type Counter,
  type Histogram,
  type Meter,
  type MetricOptions,
  type ObservableGauge,
  type ObservableUpDownCounter,
  ROOT_CONTEXT,
  type UpDownCounter,
  ValueType,
} from '@opentelemetry/api';
import {
  ATTR_ERROR_TYPE,
  ATTR_EXIT_REASON,
  ATTR_HEAP_SPACE_NAME,
  ATTR_MEMORY_STATE,
  ATTR_MESSAGING_DESTINATION_NAME,
  ATTR_MESSAGING_SYSTEM,
  MESSAGING_SYSTEM_BULLMQ,
  METRIC_DYNO_MEMORY_LIMIT,
  METRIC_DYNO_MEMORY_USAGE,
  METRIC_JOB_ACTIVE,
  METRIC_JOB_ACTIVE_AGE,
  METRIC_JOB_MEMORY_GROWTH,
  METRIC_JOB_MEMORY_HELD,
  METRIC_JOB_MEMORY_NET,
  METRIC_JOB_MEMORY_RECLAIMED,
  METRIC_PROCESS_DURATION,
  METRIC_PROCESS_MEMORY_ARRAY_BUFFERS,
  METRIC_PROCESS_MEMORY_EXTERNAL,
  METRIC_PROCESS_MEMORY_USAGE,
  METRIC_SANDBOX_EXITS,
  METRIC_V8JS_MEMORY_HEAP_SPACE_SIZE,
  METRIC_V8JS_MEMORY_HEAP_USED,
  type MetricDefinition,
} from '../../semconv.ts';
import type { JobEnd } from '../jobs/job-end.ts';
import type { JobMonitor } from '../jobs/job-monitor.ts';
import type { DynoMemory } from '../memory/dyno-memory.ts';
import { BYTE_BUCKETS, SECOND_BUCKETS } from './buckets.ts';
import type { JobTables } from './job-tables.ts';

/** What the observable metrics read. */
export interface Measured {
  readonly monitor: JobMonitor;
  /** Null in a sandbox: its parent reports, or another process of the dyno. */
  readonly dynoMemory: DynoMemory | null;
  /** Null if the quota is unknown. */
  readonly limitBytes: number | null;
}

/** All instruments, on one meter. */
export class Instruments {
  readonly #meter: Meter;
  readonly #measured: Measured;
  readonly #tables: JobTables | null;
  readonly #net: UpDownCounter;
  readonly #growth: Histogram;
  readonly #reclaimed: Histogram;
  readonly #duration: Histogram;
  readonly #sandboxExits: Counter;
  readonly #processUsage: ObservableUpDownCounter;
  readonly #dynoUsage: ObservableUpDownCounter;
  readonly #dynoLimit: ObservableUpDownCounter;
  readonly #active: ObservableUpDownCounter;
  readonly #activeAge: ObservableGauge;
  readonly #held: ObservableUpDownCounter;
  readonly #heapUsed: ObservableUpDownCounter;
  readonly #heapSize: ObservableUpDownCounter;
  readonly #external: ObservableUpDownCounter;
  readonly #arrayBuffers: ObservableUpDownCounter;
  readonly #observeNow: BatchObservableCallback;
  readonly #observeLater: BatchObservableCallback;

  /** @param tables take the per-job histograms instead of the meter; null if the meter's provider is not Tidemark's */
  constructor(meter: Meter, measured: Measured, tables: JobTables | null = null) {
    this.#meter = meter;
    this.#measured = measured;
    this.#tables = tables;
    this.#net = meter.createUpDownCounter(...whole(METRIC_JOB_MEMORY_NET));
    this.#growth = meter.createHistogram(...whole(METRIC_JOB_MEMORY_GROWTH, BYTE_BUCKETS));
    this.#reclaimed = meter.createHistogram(...whole(METRIC_JOB_MEMORY_RECLAIMED, BYTE_BUCKETS));
    this.#duration = meter.createHistogram(METRIC_PROCESS_DURATION.name, {
      ...described(METRIC_PROCESS_DURATION),
      advice: { explicitBucketBoundaries: SECOND_BUCKETS },
    });
    this.#sandboxExits = meter.createCounter(...whole(METRIC_SANDBOX_EXITS));
    this.#processUsage = meter.createObservableUpDownCounter(...whole(METRIC_PROCESS_MEMORY_USAGE));
    this.#dynoUsage = meter.createObservableUpDownCounter(...whole(METRIC_DYNO_MEMORY_USAGE));
    this.#dynoLimit = meter.createObservableUpDownCounter(...whole(METRIC_DYNO_MEMORY_LIMIT));
    this.#active = meter.createObservableUpDownCounter(...whole(METRIC_JOB_ACTIVE));
    this.#activeAge = meter.createObservableGauge(METRIC_JOB_ACTIVE_AGE.name, described(METRIC_JOB_ACTIVE_AGE));
    this.#held = meter.createObservableUpDownCounter(...whole(METRIC_JOB_MEMORY_HELD));
    this.#heapUsed = meter.createObservableUpDownCounter(...whole(METRIC_V8JS_MEMORY_HEAP_USED));
    this.#heapSize = meter.createObservableUpDownCounter(...whole(METRIC_V8JS_MEMORY_HEAP_SPACE_SIZE));
    this.#external = meter.createObservableUpDownCounter(...whole(METRIC_PROCESS_MEMORY_EXTERNAL));
    this.#arrayBuffers = meter.createObservableUpDownCounter(...whole(METRIC_PROCESS_MEMORY_ARRAY_BUFFERS));
    // Two callbacks, because the SDK takes what a callback observed only when the callback has ended. If the other
    // processes are slow to read, or the read is cut off by the reader's timeout, one callback would pair the usage of
    // the last collection with the `net` of this one.
    this.#observeNow = (result) => {
      this.#observeProcess(result);
      this.#observeHeap(result);
    };
    this.#observeLater = (result) => this.#observeDyno(result);
    meter.addBatchObservableCallback(this.#observeNow, this.#ofProcess());
    meter.addBatchObservableCallback(this.#observeLater, this.#ofDyno());
  }

  recordJob(end: JobEnd): void {
    const { series, durationMs, errorType, growthBytes, reclaimedBytes, sandboxExit } = end;
    const { attributes, durationAttributes } = series;
    if (sandboxExit !== null)
      this.#sandboxExits.add(1, { ...attributes, [ATTR_EXIT_REASON]: sandboxExit }, ROOT_CONTEXT);
    if (this.#tables !== null) {
      this.#tables.record(end);
      return;
    }
    // Outside a job's context: the duration is recorded after the job, when its context is no longer available.
    this.#duration.record(
      durationMs / 1000,
      errorType === null ? durationAttributes : { ...durationAttributes, [ATTR_ERROR_TYPE]: errorType },
      ROOT_CONTEXT,
    );
    if (growthBytes) this.#growth.record(growthBytes, attributes, ROOT_CONTEXT);
    if (reclaimedBytes) this.#reclaimed.record(reclaimedBytes, attributes, ROOT_CONTEXT);
  }

  /** Stops observing; the meter's provider may continue. */
  release(): void {
    this.#measured.monitor.process();
    this.#meter.removeBatchObservableCallback(this.#observeNow, this.#ofProcess());
    this.#meter.removeBatchObservableCallback(this.#observeLater, this.#ofDyno());
  }

  #ofProcess(): (ObservableUpDownCounter | ObservableGauge)[] {
    return [
      ...[this.#processUsage, this.#active, this.#activeAge, this.#held],
      ...[this.#heapUsed, this.#heapSize, this.#external, this.#arrayBuffers],
    ];
  }

  #ofDyno(): ObservableUpDownCounter[] {
    return [this.#dynoUsage, this.#dynoLimit];
  }

  /**
   * Synchronous, so that what it records (also of ended jobs) belongs to this collection: the SDK reads instruments and
   * tables once it has called the callbacks.
   */
  #observeProcess(result: Parameters<BatchObservableCallback>[0]): void {
    const { monitor } = this.#measured;
    for (const { netBytes, attributes } of monitor.takeNetChanges()) this.#net.add(netBytes, attributes);
    // The same reading that the job changes add up to: memory moves while they are computed.
    result.observe(this.#processUsage, monitor.lastRssBytes);
    const heldBytes = monitor.held();
    for (const [queue, count] of monitor.active()) {
      const attributes = { [ATTR_MESSAGING_SYSTEM]: MESSAGING_SYSTEM_BULLMQ, [ATTR_MESSAGING_DESTINATION_NAME]: queue };
      result.observe(this.#active, count, attributes);
      result.observe(this.#held, heldBytes.get(queue) ?? 0, attributes);
    }
    result.observe(this.#activeAge, monitor.oldestAgeMs() / 1000);
  }

  /**
   * The parts of RSS that JavaScript holds, inside and outside its heap. The rest is the allocator's: bloat is there.
   */
  #observeHeap(result: Parameters<BatchObservableCallback>[0]): void {
    for (const { space_name, space_size, space_used_size } of getHeapSpaceStatistics()) {
      const attributes = { [ATTR_HEAP_SPACE_NAME]: space_name };
      result.observe(this.#heapUsed, space_used_size, attributes);
      result.observe(this.#heapSize, space_size, attributes);
    }
    const { external, arrayBuffers } = process.memoryUsage();
    result.observe(this.#external, external);
    result.observe(this.#arrayBuffers, arrayBuffers);
  }

  async #observeDyno(result: Parameters<BatchObservableCallback>[0]): Promise<void> {
    const { dynoMemory, limitBytes } = this.#measured;
    const usage = (await dynoMemory?.read()) ?? null;
    if (usage === null) return;
    result.observe(this.#dynoUsage, usage.residentBytes, { [ATTR_MEMORY_STATE]: 'resident' });
    result.observe(this.#dynoUsage, usage.swapBytes, { [ATTR_MEMORY_STATE]: 'swap' });
    if (limitBytes !== null) result.observe(this.#dynoLimit, limitBytes);
  }
}

function described({ unit, description }: MetricDefinition): MetricOptions {
  return { unit, description };
}

/** Name and options of a metric that counts in whole numbers. */
function whole(metric: MetricDefinition, buckets?: readonly number[]): [string, MetricOptions] {
  const advice = buckets === undefined ? {} : { advice: { explicitBucketBoundaries: [...buckets] } };
  return [metric.name, { ...described(metric), valueType: ValueType.INT, ...advice }];
}
