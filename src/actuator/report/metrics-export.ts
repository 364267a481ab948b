import { randomUUID } from 'node:crypto';
import { createRequire } from 'node:module';
import { DiagLogLevel, diag, type Meter } from '@opentelemetry/api';
import type { MeterProviderOptions } from '@opentelemetry/sdk-metrics';
import { ATTR_SERVICE_INSTANCE_ID, ATTR_SERVICE_NAME, SCOPE_NAME } from '../../semconv.ts';
import type { Log } from './log.ts';

type Environment = Readonly<Record<string, string | undefined>>;
type Resource = NonNullable<MeterProviderOptions['resource']>;

/** What is used of @opentelemetry/resources, loaded from beside the SDK so that it is the SDK's own copy. */
interface ResourcesPackage {
  resourceFromAttributes(attributes: Readonly<Record<string, string>>): Resource;
  envDetector: unknown;
  detectResources(config: { detectors: unknown[] }): Resource;
}

export interface MetricsExport {
  readonly meter: Meter;
  /** A last export, for a second at most. */
  stop(): Promise<void>;
}

const SERVICE_NAME = 'tidemark-actuator';
const DEFAULT_INTERVAL_MS = 10_000;
const DEFAULT_TIMEOUT_MS = 10_000;
const STOP_DEADLINE_MS = 1_000;

/**
 * Sends the actuator's own metrics over OTLP, by the standard `OTEL_*` variables. Null where no endpoint is set (the standard's default,
 * `localhost:4318`, would be the actuator itself), or where the environment asks for no export.
 */
export async function exportMetrics(env: Environment, log: Log): Promise<MetricsExport | null> {
  if (!wantsExport(env)) return null;
  const { MeterProvider, PeriodicExportingMetricReader } = await import('@opentelemetry/sdk-metrics');
  const { OTLPMetricExporter } = await import('@opentelemetry/exporter-metrics-otlp-http');
  tellFaults(log);
  const intervalMs = positive(env.OTEL_METRIC_EXPORT_INTERVAL) ?? DEFAULT_INTERVAL_MS;
  const timeoutMs = Math.min(positive(env.OTEL_METRIC_EXPORT_TIMEOUT) ?? DEFAULT_TIMEOUT_MS, intervalMs);
  const reader = new PeriodicExportingMetricReader({
    exporter: new OTLPMetricExporter(),
    exportIntervalMillis: intervalMs,
    exportTimeoutMillis: timeoutMs,
  });
  const provider = new MeterProvider({ resource: resource(), readers: [reader] });
  return {
    meter: provider.getMeter(SCOPE_NAME),
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

/** What the export's headers hold, to be struck out of every log line. */
export function exportSecrets(env: Environment): readonly string[] {
  const lists = [env.OTEL_EXPORTER_OTLP_HEADERS, env.OTEL_EXPORTER_OTLP_METRICS_HEADERS];
  return lists
    .flatMap((list) => (list ?? '').split(','))
    .map((header) => header.slice(header.indexOf('=') + 1).trim())
    .flatMap((value) => [value, ...decoded(value)])
    .flatMap((value) => [value, value.slice(value.indexOf(' ') + 1)])
    .filter((value) => value !== '');
}

function decoded(value: string): readonly string[] {
  try {
    return [decodeURIComponent(value)];
  } catch {
    return [];
  }
}

function wantsExport(env: Environment): boolean {
  const isSet = (name: string) => (env[name] ?? '').trim() !== '';
  if (env.OTEL_SDK_DISABLED?.trim().toLowerCase() === 'true') return false;
  if (isSet('OTEL_METRICS_EXPORTER') && env.OTEL_METRICS_EXPORTER?.trim() !== 'otlp') return false;
  return isSet('OTEL_EXPORTER_OTLP_METRICS_ENDPOINT') || isSet('OTEL_EXPORTER_OTLP_ENDPOINT');
}

/** The SDK tells its faults (a receiver that is away, a refused token) only to OpenTelemetry's diagnostics. */
function tellFaults(log: Log): void {
  const tell = (level: 'warn' | 'error') => (message: string) => log[level]('OpenTelemetry', { detail: message });
  const silent = () => undefined;
  const logger = { error: tell('error'), warn: tell('warn'), info: silent, debug: silent, verbose: silent };
  diag.setLogger(logger, { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true });
}

/** What `OTEL_RESOURCE_ATTRIBUTES` and `OTEL_SERVICE_NAME` say comes over ours. */
function resource(): Resource {
  const beside = createRequire(createRequire(import.meta.url).resolve('@opentelemetry/sdk-metrics'));
  const resources: ResourcesPackage = beside('@opentelemetry/resources');
  const ours = { [ATTR_SERVICE_NAME]: SERVICE_NAME, [ATTR_SERVICE_INSTANCE_ID]: randomUUID() };
  return resources
    .resourceFromAttributes(ours)
    .merge(resources.detectResources({ detectors: [resources.envDetector] }));
}

function positive(text: string | undefined): number | null {
  const value = Number(text ?? '');
  return Number.isFinite(value) && value > 0 ? value : null;
}
