import { randomUUID } from 'node:crypto';
import { createRequire } from 'node:module';
import { type HrTime, type Meter, ValueType } from '@opentelemetry/api';
import type {
  AggregationTemporality,
  DataPointType,
  MeterProviderOptions,
  MetricData,
  MetricProducer,
  PushMetricExporter,
} from '@opentelemetry/sdk-metrics';
import { ATTR_SERVICE_INSTANCE_ID, ATTR_SERVICE_NAME, SCOPE_NAME } from '../../../semconv.ts';
import {
  type Environment,
  endpointVariable,
  isSdkDisabled,
  parseMilliseconds,
} from '../../../shared/otel-environment.ts';
import type { Log } from '../log.ts';
import type { MetricReading } from './fleet-metrics.ts';

type Resource = NonNullable<MeterProviderOptions['resource']>;

/**
 * The part of @opentelemetry/resources that is used. It is resolved from the SDK's folder, so that it is the SDK's own
 * copy.
 */
interface ResourcesPackage {
  resourceFromAttributes(attributes: Readonly<Record<string, string>>): Resource;
  envDetector: unknown;
  detectResources(config: { detectors: unknown[] }): Resource;
}

export interface MetricsExport {
  readonly meter: Meter;
  /** Sets what is read at each export, besides the instruments of the meter. Until then there is nothing to read. */
  readFrom(read: ReadMetrics): void;
  /** Exports once more, for at most a second. */
  stop(): Promise<void>;
}

type ReadMetrics = () => Promise<readonly MetricReading[]>;

const SERVICE_NAME = 'tidemark-actuator';
const DEFAULT_INTERVAL_MS = 10_000;
const DEFAULT_TIMEOUT_MS = 10_000;
const STOP_DEADLINE_MS = 1_000;
/** Data points in one request: writing one takes some 10 ms. */
export const MAX_POINTS_OF_REQUEST = 2_000;

/**
 * Sends the actuator's own metrics over OTLP, by the standard `OTEL_*` variables. Null where no endpoint is set (the
 * standard's default, `localhost:4318`, would be the actuator itself), or where the environment asks for no export.
 *
 * @param env says whether and how often; where to, and with which headers, the SDK reads from the process's own
 * environment
 */
export async function exportMetrics(env: Environment, log: Log): Promise<MetricsExport | null> {
  if (!wantsExport(env)) return null;
  const sdk = await import('@opentelemetry/sdk-metrics');
  const { OTLPMetricExporter } = await import('@opentelemetry/exporter-metrics-otlp-http');
  const intervalMs = parseMilliseconds(env.OTEL_METRIC_EXPORT_INTERVAL) ?? DEFAULT_INTERVAL_MS;
  const timeoutMs = parseMilliseconds(env.OTEL_METRIC_EXPORT_TIMEOUT) ?? DEFAULT_TIMEOUT_MS;
  let read: ReadMetrics = async () => [];
  const ofActuator = resource();
  const reader = new sdk.PeriodicExportingMetricReader({
    exporter: logFaults(new OTLPMetricExporter(), log),
    exportIntervalMillis: intervalMs,
    exportTimeoutMillis: Math.min(timeoutMs, intervalMs),
    metricProducers: [producerOf(() => read(), ofActuator, sdk)],
    maxExportBatchSize: MAX_POINTS_OF_REQUEST,
  });
  const provider = new sdk.MeterProvider({ resource: ofActuator, readers: [reader] });
  return {
    meter: provider.getMeter(SCOPE_NAME),
    readFrom: (from) => {
      read = from;
    },
    async stop() {
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, STOP_DEADLINE_MS);
      });
      const over = provider.shutdown().catch((error: unknown) => {
        log.warn('the last metrics could not be delivered', { error: String(error) });
      });
      await Promise.race([over, late]);
      clearTimeout(timer);
    },
  };
}

/** Of the SDK: what it calls the kinds of metrics. */
interface MetricKinds {
  readonly AggregationTemporality: typeof AggregationTemporality;
  readonly DataPointType: typeof DataPointType;
}

/** Hands what is read over to the SDK, as it hands over its own instruments. */
export function producerOf(read: ReadMetrics, ofActuator: Resource, kinds: MetricKinds): MetricProducer {
  const startTime = hrTimeOf(Date.now());
  return {
    collect: async () => {
      const readings = await read();
      const endTime = hrTimeOf(Date.now());
      const metrics = readings
        .filter(({ points }) => points.length > 0)
        .map((reading) => metricOf(reading, { startTime, endTime }, kinds));
      // As the SDK names the scope of the meter.
      const scope = { name: SCOPE_NAME, version: '' };
      return { resourceMetrics: { resource: ofActuator, scopeMetrics: [{ scope, metrics }] }, errors: [] };
    },
  };
}

function metricOf(
  { metric, points }: MetricReading,
  times: { readonly startTime: HrTime; readonly endTime: HrTime },
  kinds: MetricKinds,
): MetricData {
  const isGauge = metric.instrument === 'ObservableGauge';
  const { name, unit, description } = metric;
  const data = {
    descriptor: { name, unit, description, valueType: isGauge ? ValueType.DOUBLE : ValueType.INT },
    aggregationTemporality: kinds.AggregationTemporality.CUMULATIVE,
    dataPoints: points.map(({ sinceMs, ...point }) => ({
      ...point,
      ...times,
      ...(sinceMs === undefined ? {} : { startTime: hrTimeOf(sinceMs) }),
    })),
  };
  return isGauge
    ? { ...data, dataPointType: kinds.DataPointType.GAUGE }
    : { ...data, dataPointType: kinds.DataPointType.SUM, isMonotonic: metric.instrument === 'Counter' };
}

function hrTimeOf(timeMs: number): HrTime {
  return [Math.floor(timeMs / 1000), (timeMs % 1000) * 1e6];
}

function wantsExport(env: Environment): boolean {
  if (isSdkDisabled(env)) return false;
  const exporter = env.OTEL_METRICS_EXPORTER?.trim() || 'otlp';
  return exporter === 'otlp' && endpointVariable(env) !== null;
}

/**
 * The SDK reports a failed export (a receiver that is away, a refused token) only to OpenTelemetry's global
 * diagnostics, whose logger belongs to the program that embeds the actuator. So each failure is logged here: once,
 * until an export succeeds again.
 */
function logFaults(exporter: PushMetricExporter, log: Pick<Log, 'warn'>): PushMetricExporter {
  const send = exporter.export.bind(exporter);
  let lastFault: string | null = null;
  exporter.export = (metrics, done) =>
    send(metrics, (result) => {
      const fault = result.error?.message ?? null;
      if (fault !== null && fault !== lastFault) {
        log.warn("the actuator's own metrics could not be delivered; Tidemark tries again at the next export", {
          error: fault,
        });
      }
      lastFault = fault;
      done(result);
    });
  return exporter;
}

/** `OTEL_RESOURCE_ATTRIBUTES` and `OTEL_SERVICE_NAME` override our own attributes. */
function resource(): Resource {
  const requireFromSdk = createRequire(createRequire(import.meta.url).resolve('@opentelemetry/sdk-metrics'));
  const resources: ResourcesPackage = requireFromSdk('@opentelemetry/resources');
  const ours = { [ATTR_SERVICE_NAME]: SERVICE_NAME, [ATTR_SERVICE_INSTANCE_ID]: randomUUID() };
  return resources
    .resourceFromAttributes(ours)
    .merge(resources.detectResources({ detectors: [resources.envDetector] }));
}
