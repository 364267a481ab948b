/** BullMQ's own telemetry with metrics, on the meter provider of the application; there is no tracer provider. */
import { BullMQOtel } from 'bullmq-otel';
import { registerAppProvider } from './app-provider.mjs';

export function setUp() {
  const provider = registerAppProvider();
  const telemetry = new BullMQOtel({ tracerName: 'app', meterName: 'app', enableMetrics: true });
  return { workerOptions: { telemetry }, flush: () => provider.forceFlush() };
}
