import { diag } from '@opentelemetry/api';
import type { MeterProviderOptions, PushMetricExporter } from '@opentelemetry/sdk-metrics';
import type { BorrowedRedis } from '../bullmq/borrowed-redis.ts';
import { herokuDetector } from '../identity/heroku-detector.ts';
import type { Transport } from '../settings.ts';
import { BackgroundExporter } from './background-exporter.ts';
import { JobTables } from './job-tables.ts';
import { otlpExporter } from './otlp-exporter.ts';
import { PointsStreamExporter } from './points-stream.ts';
import type { OwnProvider } from './telemetry.ts';

/** An actuator that judges by the minute needs several points in it; OpenTelemetry's own default is 60 s. */
const DEFAULT_INTERVAL_MS = 10_000;
const DEFAULT_TIMEOUT_MS = 30_000;

type Resource = NonNullable<MeterProviderOptions['resource']>;
type Environment = Readonly<Record<string, string | undefined>>;

export interface PrivateProviderOptions {
  readonly transports: readonly Transport[];
  /** A connection that the points stream may be written over. */
  readonly lend: () => BorrowedRedis | null;
  readonly env?: Environment;
}

/**
 * A provider of our own, never registered globally: the application's SDK may start later and must find the place free. The SDK is
 * loaded only here. Null where `OTEL_METRICS_EXPORTER` and the transports leave no exporter.
 */
export async function privateProvider(settings: PrivateProviderOptions): Promise<OwnProvider | null> {
  const { transports, lend, env = process.env } = settings;
  const intervalMs = positive(env.OTEL_METRIC_EXPORT_INTERVAL) ?? DEFAULT_INTERVAL_MS;
  const timeoutMs = Math.min(positive(env.OTEL_METRIC_EXPORT_TIMEOUT) ?? DEFAULT_TIMEOUT_MS, intervalMs);
  const exporters = transports.includes('otlp') ? await exportersOf(env, timeoutMs) : [];
  const needsConnection = exporters.length === 0;
  if (transports.includes('redis')) exporters.push(await pointsStreamExporter(lend));
  if (exporters.length === 0) return null;
  const { AggregationTemporality, InstrumentType, MeterProvider, PeriodicExportingMetricReader } = await import(
    './opentelemetry-sdk.ts'
  );
  // The tables know cumulative figures only; where the environment asks for others the SDK makes them.
  const areCumulative = exporters.every(
    (exporter) =>
      (exporter.selectAggregationTemporality?.(InstrumentType.HISTOGRAM) ?? AggregationTemporality.CUMULATIVE) ===
      AggregationTemporality.CUMULATIVE,
  );
  const tables = areCumulative ? new JobTables() : null;
  const options = {
    exportIntervalMillis: intervalMs,
    exportTimeoutMillis: timeoutMs,
    ...(tables === null ? {} : { metricProducers: [tables] }),
  };
  const readers = exporters.map((exporter) => new PeriodicExportingMetricReader({ exporter, ...options }));
  const provider = new MeterProvider({ resource: await resource(), readers });
  return { provider, tables, canSend: async () => !needsConnection || ((await lend()?.isConnected()) ?? false) };
}

async function pointsStreamExporter(lend: PrivateProviderOptions['lend']): Promise<PushMetricExporter> {
  const { JsonMetricsSerializer } = await import('./opentelemetry-sdk.ts');
  return new PointsStreamExporter({ lend, serialize: (metrics) => JsonMetricsSerializer.serializeRequest(metrics) });
}

async function exportersOf(env: Environment, timeoutMs: number): Promise<PushMetricExporter[]> {
  const names = (env.OTEL_METRICS_EXPORTER || 'otlp').split(',').map((name) => name.trim());
  if (names.includes('none')) return [];
  const exporters: PushMetricExporter[] = [];
  for (const name of names) {
    if (name === 'otlp')
      exporters.push(new BackgroundExporter({ exporter: await otlpExporter(env), retryForMs: timeoutMs }));
    else if (name === 'console') exporters.push(new (await import('./opentelemetry-sdk.ts')).ConsoleMetricExporter());
    else
      diag.warn(`tidemark: OTEL_METRICS_EXPORTER names "${name}", which register has not: use otlp, console or none`);
  }
  return exporters;
}

/** What was detected, over the SDK's own; what `OTEL_RESOURCE_ATTRIBUTES` and `OTEL_SERVICE_NAME` say, over both. */
async function resource(): Promise<Resource> {
  const { defaultResource, detectResources, envDetector } = await import('./opentelemetry-sdk.ts');
  return defaultResource().merge(detectResources({ detectors: [herokuDetector, envDetector] }));
}

function positive(text: string | undefined): number | null {
  const value = Number(text ?? '');
  return Number.isFinite(value) && value > 0 ? value : null;
}
