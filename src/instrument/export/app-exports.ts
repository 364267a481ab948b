import type { MeterProvider } from '@opentelemetry/api';
import { guarded } from '../diagnostics.ts';

/** `ExportResult` of @opentelemetry/core. */
interface ExportResult {
  readonly code: number;
  readonly error?: unknown;
}

type Export = (this: unknown, metrics: unknown, done: (result: ExportResult) => void) => unknown;

interface Exporter {
  export: Export;
}

interface Reader {
  /** Absent if the reader does not push. */
  readonly _exporter?: Partial<Exporter>;
}

/** Where the SDKs 1.x to 3.x keep a provider's readers. The API does not expose them. */
interface SdkInternals {
  readonly _sharedState?: { readonly metricCollectors?: readonly { readonly _metricReader?: Reader }[] };
}

/** What these classes do with measurements, none of which reaches an actuator. */
const UNSENT: Readonly<Record<string, string>> = {
  ConsoleMetricExporter: 'prints',
  PrometheusExporter: 'offers to Prometheus',
};

/**
 * What the application's SDK does with its measurements if it certainly sends none of them, for people; null otherwise.
 * Never throws.
 */
export function onlyUse(provider: MeterProvider): string | null {
  const uses = guarded('looking at the readers of the application', () =>
    readersOf(provider).map((reader) => UNSENT[classOf(reader._exporter)] ?? UNSENT[classOf(reader)] ?? null),
  );
  if (uses === undefined || uses.length === 0 || uses.includes(null)) return null;
  return [...new Set(uses)].join(' and ');
}

/** Failed exports of each exporter in a row. A receiver may start later than its worker, or restart. */
const MIN_FAILURES = 2;
const SAY_AGAIN_AFTER_MS = 60 * 60_000;
/** The time after which an SDK gives up on an export, unless it is told otherwise. */
const ANSWER_LIMIT_MS = 30_000;

export interface AppExportsOptions {
  readonly say: (sentence: string) => void;
  /** `my-app worker.1` */
  readonly subject: string;
  /** Monotonic, ms. */
  readonly nowMs?: () => number;
}

/**
 * Follows whether the exports of the application's SDK arrive, which reports failures only to OpenTelemetry's
 * diagnostics, silent by default. Prints if all exporters fail, at most once an hour, and when one succeeds again.
 */
export class AppExports {
  readonly #options: AppExportsOptions;
  readonly #nowMs: () => number;
  readonly #undo: (() => void)[] = [];
  #failures = 0;
  #saidAtMs: number | null = null;
  #isFailureSaid = false;

  constructor(provider: MeterProvider, options: AppExportsOptions) {
    this.#options = options;
    this.#nowMs = options.nowMs ?? (() => performance.now());
    guarded('following the exports of the application', () => this.#follow(provider));
  }

  /** Restores the exporters. */
  stop(): void {
    for (const undo of this.#undo.splice(0)) undo();
  }

  #follow(provider: MeterProvider): void {
    for (const { _exporter: exporter } of readersOf(provider)) {
      if (typeof exporter?.export !== 'function' || classOf(exporter) in UNSENT) continue;
      this.#undo.push(this.#followExporter(exporter as Exporter));
    }
  }

  #followExporter(exporter: Exporter): () => void {
    const original = exporter.export;
    const isOwn = Object.hasOwn(exporter, 'export');
    const took = (result: ExportResult) => guarded('following an export', () => this.#took(result));
    const nowMs = this.#nowMs;
    let unansweredSinceMs: number | null = null;
    const followed: Export = function (metrics, done) {
      unansweredSinceMs ??= nowMs();
      if (nowMs() - unansweredSinceMs >= ANSWER_LIMIT_MS) took(NO_ANSWER);
      return original.call(this, metrics, (result) => {
        unansweredSinceMs = null;
        took(result);
        done(result);
      });
    };
    exporter.export = followed;
    return () => {
      if (exporter.export !== followed) return;
      if (isOwn) exporter.export = original;
      else delete (exporter as Partial<Exporter>).export;
    };
  }

  #took({ code, error }: ExportResult): void {
    if (code === SUCCESS) {
      this.#failures = 0;
      if (this.#isFailureSaid) this.#options.say(`the exports of ${SDK} arrive now`);
      this.#isFailureSaid = false;
      return;
    }
    this.#failures += 1;
    const nowMs = this.#nowMs();
    if (this.#failures < MIN_FAILURES * this.#undo.length || this.#isFailureSaid) return;
    if (this.#saidAtMs !== null && nowMs - this.#saidAtMs < SAY_AGAIN_AFTER_MS) return;
    this.#saidAtMs = nowMs;
    this.#isFailureSaid = true;
    const { reason, advice } = failureOf(error);
    this.#options.say(
      `${this.#options.subject} is not reported: the exports of ${SDK} do not arrive (${reason}). ${advice}`,
    );
  }
}

/** `ExportResultCode` of @opentelemetry/core, which is not a dependency of this package. */
const SUCCESS = 0;
const NO_ANSWER: ExportResult = { code: 1, error: { code: 'no answer' } };
const SDK = "the application's OpenTelemetry SDK";

/** gRPC's statuses are 0 to 16, those of HTTP 100 to 599. */
const MAX_GRPC_STATUS = 16;
/** A code as Node or OpenTelemetry writes it. A message may hold a secret, and is not repeated. */
const CODE = /^[A-Za-z][\w ]{0,39}$/;

function failureOf(error: unknown): { readonly reason: string; readonly advice: string } {
  const { code, name } = (typeof error === 'object' && error !== null ? error : {}) as Record<string, unknown>;
  if (typeof code === 'number') {
    const isGrpc = code <= MAX_GRPC_STATUS;
    const reason = `${isGrpc ? 'gRPC' : 'HTTP'} status ${code}`;
    return { reason, advice: isGrpc ? GRPC : HTTP };
  }
  const word = [code, name].find((text) => typeof text === 'string' && CODE.test(text));
  return { reason: String(word ?? 'no reason given'), advice: ADDRESS };
}

const GRPC =
  'An actuator receives OTLP over HTTP, not gRPC: use @opentelemetry/exporter-metrics-otlp-proto, ' +
  'or export to the gRPC port of a Collector.';
const HTTP = "Check the exporter's address and token.";
const ADDRESS = "Check the exporter's address.";

function readersOf(provider: MeterProvider): readonly Reader[] {
  const collectors = (provider as SdkInternals)._sharedState?.metricCollectors ?? [];
  return collectors.flatMap(({ _metricReader: reader }) => (reader === undefined ? [] : [reader]));
}

function classOf(value: object | undefined): string {
  return value?.constructor?.name ?? '';
}
