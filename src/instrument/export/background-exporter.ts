import type { PushMetricExporter, ResourceMetrics } from '@opentelemetry/sdk-metrics';
import { reportFault } from '../diagnostics.ts';
import { PostError } from './otlp/otlp-post.ts';

/** `ExportResultCode.SUCCESS` of @opentelemetry/core, which is no dependency of its own. */
const SUCCESS = 0;

const FIRST_RETRY_MS = 1000;
const RETRY_FACTOR = 1.5;

type ExportResult = Parameters<Parameters<PushMetricExporter['export']>[1]>[0];

export interface BackgroundExporterOptions {
  /** Sends once and tells the result. */
  readonly exporter: PushMetricExporter;
  /** No retry is started later than this after its export began. */
  readonly retryForMs: number;
  /** Called for each export that has arrived, and with the last error of one that has not; in a flush with the first one, too. */
  readonly onArrived: () => void;
  readonly onFailed: (error: unknown) => void;
}

/**
 * Takes an export out of the reader's hands at once and sends it in the background. The reader would wait for it under a timer that
 * keeps the process alive, up to its whole timeout where the receiver hangs; here nothing does but what `forceFlush` is awaited by.
 */
export class BackgroundExporter implements PushMetricExporter {
  readonly #exporter: PushMetricExporter;
  readonly #options: BackgroundExporterOptions;
  #latest: Promise<void> = Promise.resolve();
  #flushes = 0;

  constructor(options: BackgroundExporterOptions) {
    this.#exporter = options.exporter;
    this.#options = options;
  }

  export(metrics: ResourceMetrics, done: (result: ExportResult) => void): void {
    const { onArrived, onFailed } = this.#options;
    const told = this.#send(metrics).then(onArrived, onFailed);
    this.#latest = told.catch((error: unknown) => reportFault('saying what became of an export', error));
    done({ code: SUCCESS });
  }

  /** Waits for the newest export alone: an older one that still hangs tells nothing that the newest does not. */
  async forceFlush(): Promise<void> {
    this.#flushes += 1;
    await this.#latest;
    this.#flushes -= 1;
  }

  shutdown(): Promise<void> {
    return this.#exporter.shutdown();
  }

  selectAggregationTemporality(
    ...args: Parameters<NonNullable<PushMetricExporter['selectAggregationTemporality']>>
  ): ReturnType<NonNullable<PushMetricExporter['selectAggregationTemporality']>> {
    return this.#exporter.selectAggregationTemporality?.(...args) ?? CUMULATIVE;
  }

  async #send(metrics: ResourceMetrics): Promise<void> {
    const deadlineMs = performance.now() + this.#options.retryForMs;
    for (let backoffMs = FIRST_RETRY_MS; ; backoffMs *= RETRY_FACTOR) {
      const { code, error } = await this.#once(metrics);
      if (code === SUCCESS) return;
      if (!(error instanceof PostError && error.isRetryable)) throw error ?? new Error('no reason given');
      // The process may end with the flush, before the last retry.
      if (this.#flushes > 0) this.#options.onFailed(error);
      const waitMs = Math.max(backoffMs, error.retryAfterMs ?? 0);
      if (performance.now() + waitMs > deadlineMs) throw error;
      await unheldDelay(waitMs);
    }
  }

  #once(metrics: ResourceMetrics): Promise<ExportResult> {
    return new Promise((resolve) => this.#exporter.export(metrics, resolve));
  }
}

/** `AggregationTemporality.CUMULATIVE`; the SDK is loaded only where metrics are exported. */
const CUMULATIVE = 1;

function unheldDelay(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms).unref());
}
