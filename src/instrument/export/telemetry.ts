import { createNoopMeter, type MeterProvider, metrics } from '@opentelemetry/api';
import { ATTR_HEROKU_DYNO_NAME, SCOPE_NAME } from '../../semconv.ts';
import { guarded, reportFault } from '../diagnostics.ts';
import type { JobEnd } from '../jobs/job-monitor.ts';
import { readWorkerSettings } from '../settings.ts';
import { VERSION } from '../version.ts';
import { Instruments, type Measured } from './instruments.ts';
import type { JobTables } from './job-tables.ts';

/** A last flush may hold an exit, or a worker's `close()`, for so long. */
export const FLUSH_LIMIT_MS = 1000;

/** Job ends kept while there is no provider yet. More are dropped: then none may ever come. */
const MAX_EARLY_JOBS = 1000;

/** Providers of an SDK have these, the API's interface does not. */
export interface SdkMeterProvider extends MeterProvider {
  forceFlush?(): Promise<void>;
  shutdown?(): Promise<void>;
}

/** A provider of our own. */
export interface OwnProvider {
  readonly provider: SdkMeterProvider;
  /** Per-job figures, which its readers collect; null where they want them from instruments. */
  readonly tables: JobTables | null;
  /** Whether what it collects now would leave the process. Never rejects. */
  canSend(): Promise<boolean>;
}

/** Makes a provider for a process whose application has registered none; null where the environment asks for none. */
export type FallbackProvider = () => Promise<OwnProvider | null>;

/**
 * Where the measurements go: the instruments on the provider of the moment. In order: one that was given (`use`), the one that the
 * application has registered globally by the time of the first job or of `settle`, the fallback. The API's global has no proxy for
 * meters, so instruments made before the application's SDK has started would drop everything for ever: hence so late.
 */
export class Telemetry {
  readonly #measured: Measured;
  #fallback: FallbackProvider | null = null;
  #settling: Promise<void> | null = null;
  #provider: SdkMeterProvider | null = null;
  /** Where the provider is ours. */
  #own: OwnProvider | null = null;
  #instruments: Instruments | null = null;
  #early: JobEnd[] = [];
  #flushing: Promise<void> | null = null;
  #unflushedJobs = false;

  constructor(measured: Measured) {
    this.#measured = measured;
  }

  setFallback(fallback: FallbackProvider): void {
    this.#fallback = fallback;
  }

  /** Moves everything to a provider. One that drops everything is ignored: SDKs hand it out until they have started. */
  use(provider: SdkMeterProvider): void {
    if (provider === this.#provider || isNoop(provider)) return;
    warnWithoutStream();
    this.#move(provider, null);
  }

  #move(provider: SdkMeterProvider, tables: JobTables | null): void {
    this.release();
    this.#provider = provider;
    this.#instruments = new Instruments(provider.getMeter(SCOPE_NAME, VERSION), this.#measured, tables);
    for (const end of this.#early) this.#instruments.recordJob(end);
    this.#early = [];
  }

  /** Finds a provider, where there is none yet. Never rejects. */
  async settle(): Promise<void> {
    if (this.#instruments !== null) return;
    guarded("looking for the application's meter provider", () => {
      this.use(metrics.getMeterProvider());
      if (this.#provider !== null) warnWithoutDyno(this.#provider);
    });
    if (this.#instruments !== null || this.#fallback === null) return;
    this.#settling ??= this.#useFallback(this.#fallback);
    await this.#settling;
  }

  /** Stops measuring. */
  release(): void {
    this.#instruments?.release();
    this.#measured.dynoMemory?.release();
    this.#own?.provider.shutdown?.().catch((error: unknown) => reportFault('stopping the meter provider', error));
    this.#instruments = null;
    this.#provider = null;
    this.#own = null;
  }

  /** Whether what is collected now would leave the process. An application's provider is taken to send what it asks for. */
  async canSend(): Promise<boolean> {
    return this.#own === null ? this.#provider !== null : this.#own.canSend();
  }

  /** A job has begun, and others may without a word until the monitor works out what they did. */
  jobBegins(): void {
    this.#unflushedJobs = true;
    if (this.#instruments === null) void this.settle();
  }

  jobEnds(end: JobEnd): void {
    if (this.#instruments !== null) this.#instruments.recordJob(end);
    else if (this.#early.length < MAX_EARLY_JOBS) this.#early.push(end);
  }

  /**
   * Delivers what was measured since the last flush, where any job ran; resolves within `FLUSH_LIMIT_MS` whatever the receiver does,
   * and never rejects.
   */
  flush(): Promise<void> {
    if (this.#flushing !== null) return this.#flushing;
    if (!this.#unflushedJobs) return Promise.resolve();
    this.#measured.monitor.workOut();
    this.#unflushedJobs = false;
    this.#flushing = within(FLUSH_LIMIT_MS, this.#deliver()).finally(() => {
      this.#flushing = null;
    });
    return this.#flushing;
  }

  async #deliver(): Promise<void> {
    await this.settle();
    // A collection has it done too; the last one must not depend on the SDK asking callbacks before tables.
    this.#measured.monitor.workOut();
    await this.#provider?.forceFlush?.();
  }

  async #useFallback(fallback: FallbackProvider): Promise<void> {
    try {
      const own = await fallback();
      if (own === null || this.#instruments !== null) return;
      this.#move(own.provider, own.tables);
      this.#own = own;
      this.#reportEarly(own);
    } catch (error) {
      reportFault('starting the export of metrics', error);
    }
  }

  /** Not only after the first interval: this process may replace one that reported the dyno until a moment ago. */
  #reportEarly(own: OwnProvider): void {
    const report = async () => {
      if (await own.canSend()) await own.provider.forceFlush?.();
    };
    report().catch((error: unknown) => reportFault('the first export', error));
  }
}

/** The timer is not unref'd: it is what keeps the process alive for the rest of the time, the sockets do not. */
async function within(limitMs: number, work: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const timedOut = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, limitMs);
  });
  await Promise.race([work.catch((error: unknown) => reportFault('the last flush', error)), timedOut]);
  clearTimeout(timer);
}

function isNoop(provider: MeterProvider): boolean {
  return provider.constructor?.name === 'NoopMeterProvider' || provider.getMeter(SCOPE_NAME) === createNoopMeter();
}

/** Only a provider of our own has the exporter that writes the stream. */
function warnWithoutStream(): void {
  if (!readWorkerSettings(process.env).transports.includes('redis')) return;
  console.warn(
    "tidemark: TIDEMARK_TRANSPORT names redis, but metrics go to the application's own meter provider, which writes no points stream: export them over OTLP to the actuator or a Collector",
  );
}

/** What else goes wrong silently. The SDKs keep the resource in a private place; where it is not there, nothing is said. */
function warnWithoutDyno(provider: object): void {
  const { _sharedState: state } = provider as {
    _sharedState?: { resource?: { attributes?: Record<string, unknown> } };
  };
  const attributes = state?.resource?.attributes;
  if (!process.env.DYNO || attributes === undefined || ATTR_HEROKU_DYNO_NAME in attributes) return;
  console.warn(
    "tidemark: metrics go to the application's own meter provider, whose resource names no dyno: add herokuDetector to its resource detectors",
  );
}
