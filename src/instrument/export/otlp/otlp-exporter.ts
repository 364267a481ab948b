import type { IOtlpExportDelegate } from '@opentelemetry/otlp-exporter-base';
import type { PushMetricExporter, ResourceMetrics } from '@opentelemetry/sdk-metrics';
import { type Environment, endpointVariable, MAX_TIMER_MS } from '../../../shared/otel-environment.ts';
import { ExportParts } from '../export-parts.ts';
import type { JsonMetricsSerializer } from '../opentelemetry-sdk.ts';
import { OtlpPost, PostError } from './otlp-post.ts';
import { RejectedPoints } from './otlp-problem.ts';

type Serializer = typeof JsonMetricsSerializer;
type ExportResult = Parameters<Parameters<PushMetricExporter['export']>[1]>[0];

/** `ExportResultCode` of @opentelemetry/core, which is not a dependency of this package. */
const SUCCESS = 0;
const FAILED = 1;

/** Bytes. What proxies accept by default (nginx: 1 MiB). Collectors accept 20 MiB, the actuator 8 MiB. */
const MAX_BODY_BYTES = 1_000_000;
const MIN_BODY_BYTES = 32 * 1024;
const CONTENT_TOO_LARGE = 413;
const METRICS_PATH = 'v1/metrics';
/** For all signals: each appends its path. */
const BASE_VARIABLE = 'OTEL_EXPORTER_OTLP_ENDPOINT';

export interface OtlpExporter {
  readonly exporter: PushMetricExporter;
  readonly url: URL;
  /** Ends what keeps the process alive, if an export does. */
  readonly letGo: () => void;
}

/**
 * OTLP over HTTP as JSON, whatever `OTEL_EXPORTER_OTLP_PROTOCOL` says; all other standard variables apply. It is
 * OpenTelemetry's exporter with its configuration and its serializer, over Tidemark's transport (see `OtlpPost`). It
 * sends once, reports the result, and repeats nothing. If the receiver rejected some points, the export has failed with
 * `RejectedPoints`.
 */
export async function otlpExporter(env: Environment): Promise<OtlpExporter> {
  const { OTLPMetricExporterBase, convertLegacyHttpOptions, JsonMetricsSerializer } = await import(
    '../opentelemetry-sdk.ts'
  );
  const { url, headers, compression, timeoutMillis } = convertLegacyHttpOptions(
    addressOf(env),
    'METRICS',
    METRICS_PATH,
    { 'Content-Type': 'application/json' },
  );
  const timeoutMs = Math.min(timeoutMillis, MAX_TIMER_MS);
  const post = new OtlpPost({ url, headers, compression, timeoutMs, env });
  const exporter = new OTLPMetricExporterBase(new PostedExports(post, JsonMetricsSerializer));
  return { exporter, url: new URL(url), letGo: () => post.letGo() };
}

/**
 * The address that the environment gives; empty for OpenTelemetry's default. OpenTelemetry's own reading appends the
 * path to the text: an address that ends with a space or a line break is then none, and a query takes the path in.
 */
function addressOf(env: Environment): { url?: string } {
  const variable = endpointVariable(env);
  const url = URL.parse(env[variable ?? '']?.trim() ?? '');
  if (variable === null || url === null) return {};
  // The variable for metrics alone is used unchanged.
  if (variable === BASE_VARIABLE) url.pathname = `${url.pathname.replace(/\/+$/, '')}/${METRICS_PATH}`;
  return { url: url.href };
}

/** What the exporter passes its exports to. */
class PostedExports implements IOtlpExportDelegate<ResourceMetrics> {
  readonly #post: OtlpPost;
  readonly #serializer: Serializer;
  readonly #parts: ExportParts;
  #maxBodyBytes = MAX_BODY_BYTES;
  readonly #underWay = new Set<Promise<void>>();

  constructor(post: OtlpPost, serializer: Serializer) {
    this.#post = post;
    this.#serializer = serializer;
    this.#parts = new ExportParts((metrics) => serializer.serializeRequest(metrics));
  }

  export(metrics: ResourceMetrics, done: (result: ExportResult) => void): void {
    const sending = this.#send(metrics).then(
      () => done({ code: SUCCESS }),
      (error: Error) => done({ code: FAILED, error }),
    );
    this.#underWay.add(sending);
    void sending.finally(() => this.#underWay.delete(sending));
  }

  async forceFlush(): Promise<void> {
    await Promise.all(this.#underWay);
  }

  async shutdown(): Promise<void> {
    await this.forceFlush();
    this.#post.close();
  }

  /** For the exporter's metrics about itself: it has none. */
  setMetrics(): void {}

  async #send(metrics: ResourceMetrics): Promise<void> {
    let fault: unknown = null;
    // The most needed comes first. If one part is refused, the others are still sent.
    for (const { bytes } of this.#parts.of(metrics, this.#maxBodyBytes)) {
      try {
        await this.#sendPart(bytes);
      } catch (error) {
        // A part that did not arrive at all matters more than one of which some points were rejected.
        if (fault === null || fault instanceof RejectedPoints) fault = error;
        if (error instanceof RejectedPoints) continue;
        if (!(error instanceof PostError) || error.isRetryable) break;
        // Smaller from the next export on.
        if (error.refusal?.status === CONTENT_TOO_LARGE) {
          this.#maxBodyBytes = Math.max(MIN_BODY_BYTES, Math.min(this.#maxBodyBytes, bytes.length / 2));
        }
      }
    }
    if (fault !== null) throw fault;
  }

  async #sendPart(bytes: Uint8Array): Promise<void> {
    const { partialSuccess } = this.#serializer.deserializeResponse(await this.#post.post(bytes)) ?? {};
    // A number, or a string: JSON writes 64-bit numbers as strings.
    const rejected = Number(partialSuccess?.rejectedDataPoints ?? 0);
    const message = partialSuccess?.errorMessage ?? '';
    if (rejected > 0 || message !== '') throw new RejectedPoints(rejected, String(message));
  }
}
