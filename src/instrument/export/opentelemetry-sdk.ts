/**
 * What Tidemark's own provider needs of OpenTelemetry's SDK, and nothing else: the build bundles these exports into one
 * file (`scripts/build/entries.ts`). Loaded by `import()`, only if that provider is created.
 */
export { OTLPMetricExporterBase } from '@opentelemetry/exporter-metrics-otlp-http';
export { convertLegacyHttpOptions } from '@opentelemetry/otlp-exporter-base/node-http';
export { JsonMetricsSerializer } from '@opentelemetry/otlp-transformer';
export { defaultResource, detectResources, envDetector } from '@opentelemetry/resources';
export {
  AggregationTemporality,
  ConsoleMetricExporter,
  InstrumentType,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
