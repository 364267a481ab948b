import { createRequire } from 'node:module';
import type { ResourceMetrics } from '@opentelemetry/sdk-metrics';

/**
 * The packages of OpenTelemetry that only a provider of our own needs, loaded when it is made.
 *
 * By `require`: as ES modules, which are many small files, they hold 3 MB more in every worker. And each from beside the one that
 * depends on it, from the exporter on: that names exact versions of the others, and so often has copies of its own of the SDK, each of which
 * holds 1.5 MB. In a bundle by the `import` that the bundler has seen: what lies beside a bundle is the application's, of whatever version.
 */
export const loadOtlpExporter = () => load([EXPORTER], () => import('@opentelemetry/exporter-metrics-otlp-http'));

export const loadOtlpConfiguration = () =>
  load(
    [EXPORTER, '@opentelemetry/otlp-exporter-base/node-http'],
    () => import('@opentelemetry/otlp-exporter-base/node-http'),
  );

export const loadSdkMetrics = () => load([EXPORTER, SDK], () => import('@opentelemetry/sdk-metrics'));

export const loadResources = () =>
  load([EXPORTER, SDK, '@opentelemetry/resources'], () => import('@opentelemetry/resources'));

/** What is used of OpenTelemetry's serializer to OTLP as JSON. */
export interface JsonSerializer {
  serializeRequest(metrics: ResourceMetrics): Uint8Array | undefined;
  deserializeResponse(answer: Uint8Array): { readonly partialSuccess?: object };
}

export async function loadJsonSerializer(): Promise<JsonSerializer> {
  const { JsonMetricsSerializer } = await load(
    [EXPORTER, '@opentelemetry/otlp-transformer'],
    () => import('@opentelemetry/otlp-transformer'),
  );
  return JsonMetricsSerializer;
}

const EXPORTER = '@opentelemetry/exporter-metrics-otlp-http';
const SDK = '@opentelemetry/sdk-metrics';

/** @param names each is found from the one before it */
async function load<Module>(names: readonly string[], bundled: () => Promise<Module>): Promise<Module> {
  if (!OWN_FILE.test(import.meta.url)) return bundled();
  let path = import.meta.url;
  for (const name of names) path = createRequire(path).resolve(name);
  return createRequire(import.meta.url)(path) as Module;
}

const OWN_FILE = /\/instrument\/sdk-modules\.[jt]s$/;
