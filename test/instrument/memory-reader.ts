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

/** The SDK's own copy of the package that makes resources. */
const besideSdk = createRequire(createRequire(import.meta.url).resolve('@opentelemetry/sdk-metrics'));
const { resourceFromAttributes }: { resourceFromAttributes(attributes: Record<string, string>): Resource } =
  besideSdk('@opentelemetry/resources');

/** A real provider, and a way to see what it has. */
export function memoryProvider(
  attributes: Readonly<Record<string, string>> = {},
  metricProducers: MetricProducer[] = [],
) {
  const reader = new PullReader({ metricProducers });
  const provider = new MeterProvider({ readers: [reader], resource: resourceFromAttributes(attributes) });
  const collect = async (options: { readonly timeoutMillis?: number } = {}) => {
    const { resourceMetrics } = await reader.collect(options);
    return resourceMetrics.scopeMetrics.flatMap(({ metrics }) => metrics);
  };
  return { provider, collect };
}
