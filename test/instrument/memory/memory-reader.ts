import { createRequire } from 'node:module';
import {
  MeterProvider,
  type MeterProviderOptions,
  type MetricProducer,
  MetricReader,
} from '@opentelemetry/sdk-metrics';

class PullReader extends MetricReader {
  protected override async onForceFlush(): Promise<void> {}
  protected override async onShutdown(): Promise<void> {}
}

type Resource = NonNullable<MeterProviderOptions['resource']>;

/** A detector that asks over the network gives promises. */
export type ResourceAttributes = Readonly<Record<string, string | undefined | Promise<string | undefined>>>;

/** The SDK's own copy of the package that makes resources. */
const besideSdk = createRequire(createRequire(import.meta.url).resolve('@opentelemetry/sdk-metrics'));
const { resourceFromAttributes }: { resourceFromAttributes(attributes: ResourceAttributes): Resource } =
  besideSdk('@opentelemetry/resources');

/** A real provider, and a way to see what it has. */
export function memoryProvider(attributes: ResourceAttributes = {}, metricProducers: MetricProducer[] = []) {
  const reader = new PullReader({ metricProducers });
  const provider = new MeterProvider({ readers: [reader], resource: resourceFromAttributes(attributes) });
  const collect = async (options: { readonly timeoutMillis?: number } = {}) => {
    const { resourceMetrics } = await reader.collect(options);
    return resourceMetrics.scopeMetrics.flatMap(({ metrics }) => metrics);
  };
  return { provider, collect };
}
