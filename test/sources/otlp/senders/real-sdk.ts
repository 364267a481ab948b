import { createRequire } from 'node:module';
import {
  MeterProvider,
  type MeterProviderOptions,
  MetricReader,
  type ResourceMetrics,
} from '@opentelemetry/sdk-metrics';

interface Serialiser {
  serializeRequest(metrics: ResourceMetrics): Uint8Array | undefined;
}

type Resource = NonNullable<MeterProviderOptions['resource']>;

/** The packages that the exporter and the SDK bring along; they are not dependencies of their own here. */
const require = createRequire(import.meta.url);
const besideExporter = createRequire(require.resolve('@opentelemetry/exporter-metrics-otlp-http'));
const besideSdk = createRequire(require.resolve('@opentelemetry/sdk-metrics'));

/** What OpenTelemetry's own exporters send. */
export const {
  JsonMetricsSerializer,
  ProtobufMetricsSerializer,
}: Readonly<Record<`${'Json' | 'Protobuf'}MetricsSerializer`, Serialiser>> = besideExporter(
  '@opentelemetry/otlp-transformer',
);

const { resourceFromAttributes }: { resourceFromAttributes(attributes: Readonly<Record<string, unknown>>): Resource } =
  besideSdk('@opentelemetry/resources');

class PullReader extends MetricReader {
  protected override async onForceFlush(): Promise<void> {}
  protected override async onShutdown(): Promise<void> {}
}

/** A real provider, and a way to collect what its readers would export. */
export function realProvider(attributes: Readonly<Record<string, unknown>>) {
  const reader = new PullReader();
  const provider = new MeterProvider({ readers: [reader], resource: resourceFromAttributes(attributes) });
  const collect = async (): Promise<ResourceMetrics> => (await reader.collect()).resourceMetrics;
  return { provider, collect };
}
