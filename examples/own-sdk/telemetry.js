// The application's own SDK, started before the worker is loaded. Tidemark joins it: no exporter and no resource of its
// own.
import { OTLPMetricExporter } from '@opentelemetry/exporter-metrics-otlp-http';
import { envDetector } from '@opentelemetry/resources';
import { PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics';
import { NodeSDK } from '@opentelemetry/sdk-node';
import { BullMQMemoryInstrumentation, herokuDetector } from 'tidemark';

const sdk = new NodeSDK({
  serviceName: 'mailer',
  instrumentations: [new BullMQMemoryInstrumentation()],
  // Without the detector the points name no dyno.
  resourceDetectors: [envDetector, herokuDetector],
  metricReaders: [new PeriodicExportingMetricReader({ exporter: new OTLPMetricExporter() })],
});
sdk.start();

export { sdk };
