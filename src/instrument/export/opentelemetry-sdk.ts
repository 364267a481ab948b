/**
 * What a provider of our own needs of OpenTelemetry's SDK: all of it, and nothing else, because the build puts what stands here into one file
 * (`scripts/bundle-entries.ts`). Loaded only where that provider is made, by `import()`.
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
