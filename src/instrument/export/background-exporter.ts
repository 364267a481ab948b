import type { PushMetricExporter, ResourceMetrics } from '@opentelemetry/sdk-metrics';
import { guarded, reportFault } from '../diagnostics.ts';
import { PostError } from './otlp/otlp-post.ts';

/** `ExportResultCode.SUCCESS` of @opentelemetry/core, which is not a dependency of this package. */
const SUCCESS = 0;

const FIRST_RETRY_MS = 1000;
const RETRY_FACTOR = 1.5;

/**
 * Exports that have neither arrived nor failed. A receiver that never answers would otherwise keep one for each
 * interval of its time-out.
 */
const MAX_UNDER_WAY = 4;

type ExportResult = Parameters<Parameters<PushMetricExporter['export']>[1]>[0];

export interface BackgroundExporterOptions {
  /** Sends once and reports the result. */
  readonly exporter: PushMetricExporter;
  /** No retry starts later than this after its export began. */
  readonly retryForMs: number;
  /**
   * Called for each export that has arrived. `onFailed` is called with the last error of one that has not; during a
   * flush with its first error, too.
   */
  readonly onArrived: () => void;
  readonly onFailed: (error: unknown) => void;
  /** Called when the process may end: nothing may keep it alive. */
  readonly letGo?: () => void;
}

/**
 * Takes an export from the reader at once and sends it in the background. The reader would wait for the export under a
 * timer that keeps the process alive, for its whole timeout if the receiver hangs. Here, only `forceFlush` waits.
 */
export class BackgroundExporter implements PushMetricExporter {
  readonly #exporter: PushMetricExporter;
  readonly #options: BackgroundExporterOptions;
  /** What must be sent, because it is in no later collection. */
  readonly #taken = new WeakSet<ResourceMetrics>();
  readonly #underWay = new Set<Promise<void>>();
  #latest: Promise<void> = Promise.resolve();
  #flushes = 0;
  #takesAll = false;
  /** Whether any export has arrived, or has failed. */
  #isAnswered = false;
  /** The receiver asked not to be called. Exports until `untilMs` fail with its error. */
  #pause: { readonly untilMs: number; readonly error: PostError } | null = null;

  constructor(options: BackgroundExporterOptions) {
    this.#exporter = options.exporter;
    this.#options = options;
  }

  /**
   * Whether an export would be sent now. If not, its failure is reported, and the reader must not collect: with delta
   * temporality, what is collected is in no later export.
   */
  takes(): boolean {
    const refusal = this.#takesAll ? null : this.#refusal();
    if (refusal !== null) guarded('reporting that nothing is exported', () => this.#fail(refusal));
    return refusal === null;
  }

  /**
   * `metrics` were collected because `takes` was true. Until then a receiver may have asked for a pause: they are sent
   * after it.
   */
  hasTaken(metrics: ResourceMetrics): void {
    this.#taken.add(metrics);
  }

  /** The next collection is the reader's last, so it is taken whatever the receiver does. */
  takesTheLast(): void {
    this.#takesAll = true;
  }

  export(metrics: ResourceMetrics, done: (result: ExportResult) => void): void {
    const sent = this.#send(metrics).finally(() => this.#underWay.delete(sent));
    this.#underWay.add(sent);
    const reported = sent.then(
      () => {
        this.#isAnswered = true;
        this.#options.onArrived();
      },
      (error: unknown) => this.#fail(error),
    );
    this.#latest = reported.catch((error: unknown) => reportFault('reporting the result of an export', error));
    done({ code: SUCCESS });
  }

  /** Waits for the newest export only: an older one that still hangs says nothing about the newest. */
  async forceFlush(): Promise<void> {
    this.#flushes += 1;
    await this.#latest;
    this.#flushes -= 1;
  }

  /**
   * The process may end now, before the export under way is answered. A receiver that never answered is reported: a
   * process that lives shorter than an export's timeout would otherwise say nothing.
   */
  giveUp(): void {
    this.#options.letGo?.();
    if (this.#isAnswered || this.#flushes === 0) return;
    this.#fail(
      new PostError('no answer before the process ends', { isRetryable: true, cause: { name: 'AbortError' } }),
    );
  }

  /** Waits for all exports, those that wait for a receiver's pause included. */
  async shutdown(): Promise<void> {
    await Promise.allSettled(this.#underWay);
    await this.#exporter.shutdown();
  }

  selectAggregationTemporality(
    ...args: Parameters<NonNullable<PushMetricExporter['selectAggregationTemporality']>>
  ): ReturnType<NonNullable<PushMetricExporter['selectAggregationTemporality']>> {
    return this.#exporter.selectAggregationTemporality?.(...args) ?? CUMULATIVE;
  }

  #refusal(): PostError | null {
    if (this.#pause !== null && this.#pauseLeftMs() > 0) return this.#pause.error;
    if (this.#underWay.size < MAX_UNDER_WAY) return null;
    const cause = { name: 'AbortError' };
    return new PostError(`${MAX_UNDER_WAY} exports are not answered yet`, { isRetryable: false, cause });
  }

  #pauseLeftMs(): number {
    return this.#pause === null ? 0 : this.#pause.untilMs - performance.now();
  }

  async #send(metrics: ResourceMetrics): Promise<void> {
    const refusal = this.#taken.has(metrics) ? null : this.#refusal();
    if (refusal !== null) throw refusal;
    for (let leftMs = this.#pauseLeftMs(); leftMs > 0; leftMs = this.#pauseLeftMs()) await unheldDelay(leftMs);
    const deadlineMs = performance.now() + this.#options.retryForMs;
    for (let backoffMs = FIRST_RETRY_MS; ; backoffMs *= RETRY_FACTOR) {
      const { code, error } = await this.#once(metrics);
      if (code === SUCCESS) return;
      if (!(error instanceof PostError && error.isRetryable)) throw error ?? new Error('no reason given');
      // The process may end after the flush, before the last retry.
      if (this.#flushes > 0) this.#fail(error);
      const waitMs = Math.max(backoffMs, error.retryAfterMs ?? 0);
      const nowMs = performance.now();
      if (error.retryAfterMs !== null) this.#pause = { untilMs: nowMs + error.retryAfterMs, error };
      if (nowMs + waitMs > deadlineMs) throw error;
      await unheldDelay(waitMs);
    }
  }

  #fail(error: unknown): void {
    this.#isAnswered = true;
    this.#options.onFailed(error);
  }

  #once(metrics: ResourceMetrics): Promise<ExportResult> {
    return new Promise((resolve) => this.#exporter.export(metrics, resolve));
  }
}

/** `AggregationTemporality.CUMULATIVE`. The SDK is loaded only if metrics are exported. */
const CUMULATIVE = 1;

function unheldDelay(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms).unref());
}
