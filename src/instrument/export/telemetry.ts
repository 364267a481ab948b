import { type MeterProvider, metrics } from '@opentelemetry/api';
import { SCOPE_NAME } from '../../semconv.ts';
import { VERSION } from '../../shared/version.ts';
import { guarded, reportFault } from '../diagnostics.ts';
import type { JobEnd } from '../jobs/job-end.ts';
import { readWorkerSettings } from '../settings.ts';
import { Voice } from '../voice.ts';
import { AppExports } from './app-exports.ts';
import { appProviderLine, isNoop, lacksDyno, lacksReader, subjectOfProvider } from './app-provider.ts';
import { canReport } from './export-environment.ts';
import { Instruments, type Measured } from './instruments.ts';
import type { JobTables } from './job-tables.ts';

/** How long a last flush may delay an exit, or a worker's `close()`. */
export const FLUSH_LIMIT_MS = 1000;

/** Job ends kept while there is no provider yet. Further ones are dropped, because a provider may never come. */
const MAX_EARLY_JOBS = 1000;

/** Providers of an SDK have these methods; the API's interface does not. */
export interface SdkMeterProvider extends MeterProvider {
  forceFlush?(): Promise<void>;
  shutdown?(): Promise<void>;
}

/** Tidemark's own provider. */
export interface OwnProvider {
  readonly provider: SdkMeterProvider;
  /** Per-job figures, which its readers collect; null if the readers need them from instruments. */
  readonly tables: JobTables | null;
  /** Whether what it collects now would leave the process. Never rejects. */
  canSend(): Promise<boolean>;
  /**
   * The last flush is over, and what has not arrived by now may never do: the reason is printed, if none was. No export
   * keeps the process alive any longer.
   */
  giveUp(): void;
}

/** Makes a provider for a process whose application has registered none; null if the environment asks for none. */
export type FallbackProvider = () => Promise<OwnProvider | null>;

/**
 * Where the measurements go: the instruments on the current provider. In order: one that was passed (`use`), the one
 * that the application has registered globally by the time of the first job or of `settle`, the fallback. The choice is
 * made that late because the API's global has no proxy for meters: instruments created before the application's SDK has
 * started would drop everything for ever.
 *
 * If the fallback can report, a global provider whose resource names no dyno is skipped, because an actuator would drop
 * its points, and so is every provider without a reader.
 */
export class Telemetry {
  readonly #measured: Measured;
  readonly #voice: Voice;
  #fallback: FallbackProvider | null = null;
  #expectsSdk = false;
  #settling: Promise<void> | null = null;
  #provider: SdkMeterProvider | null = null;
  /** Passed by the application, without a reader at that time: SDK 1.x can still add one. */
  #readerless: SdkMeterProvider | null = null;
  /** Null unless the provider is Tidemark's. */
  #own: OwnProvider | null = null;
  /** Null unless the provider is the application's. */
  #appExports: AppExports | null = null;
  #instruments: Instruments | null = null;
  #early: JobEnd[] = [];
  #flushing: Promise<void> | null = null;
  #unflushedJobs = false;

  constructor(measured: Measured, voice: Voice = new Voice()) {
    this.#measured = measured;
    this.#voice = voice;
  }

  get hasFallback(): boolean {
    return this.#fallback !== null;
  }

  /**
   * If the application `expectsSdk` to provide one, the first job does not force the choice, and using the fallback is
   * printed.
   */
  setFallback(fallback: FallbackProvider, { expectsSdk = false } = {}): void {
    this.#fallback = fallback;
    this.#expectsSdk = expectsSdk;
    this.#settling = null;
  }

  /**
   * Moves everything to a provider. One that drops everything is ignored: SDKs return it until they have started. One
   * without a reader is looked at again in `settle`.
   */
  use(provider: SdkMeterProvider): void {
    if (provider === this.#provider || isNoop(provider)) return;
    if (lacksReader(provider)) this.#readerless = provider;
    else this.#useApplications(provider);
  }

  #useApplications(provider: SdkMeterProvider): void {
    const { transports, embedded } = readWorkerSettings(process.env);
    if (transports.includes('redis')) this.#voice.say(embedded ? NOT_EMBEDDED : NO_STREAM);
    this.#move(provider, null);
    this.#voice.say(appProviderLine(provider, process.env));
    const { name: subject } = subjectOfProvider(provider);
    this.#appExports = new AppExports(provider, { say: (sentence) => this.#voice.say(sentence), subject });
  }

  #move(provider: SdkMeterProvider, tables: JobTables | null): void {
    this.#detach();
    this.#provider = provider;
    this.#instruments = new Instruments(provider.getMeter(SCOPE_NAME, VERSION), this.#measured, tables);
    for (const end of this.#early) this.#instruments.recordJob(end);
    this.#early = [];
  }

  /** Chooses a provider if there is none yet. Never rejects. */
  async settle(): Promise<void> {
    if (this.#instruments !== null) return;
    const fallback = this.#fallback;
    const skipped = guarded("looking for the application's meter provider", () => this.#takeApplications()) ?? null;
    if (this.#instruments !== null || fallback === null) return;
    this.#settling ??= this.#useFallback(fallback, skipped).catch((error: unknown) => this.#reportStart(error));
    await this.#settling;
  }

  /** Stops measuring, until a provider is passed or a fallback set. */
  release(): void {
    this.#fallback = null;
    this.#settling = null;
    this.#readerless = null;
    this.#detach();
  }

  #detach(): void {
    this.#instruments?.release();
    this.#measured.dynoMemory?.release();
    this.#own?.provider.shutdown?.().catch((error: unknown) => reportFault('stopping the meter provider', error));
    this.#appExports?.stop();
    this.#instruments = null;
    this.#provider = null;
    this.#own = null;
    this.#appExports = null;
  }

  /**
   * Whether what is collected now would leave the process. An application's provider is assumed to send what it
   * collects.
   */
  async canSend(): Promise<boolean> {
    return this.#own === null ? this.#provider !== null : this.#own.canSend();
  }

  /** A job has begun. Further jobs may begin without a call until the monitor has processed its events. */
  jobBegins(): void {
    this.#unflushedJobs = true;
    if (this.#instruments === null && !this.#expectsSdk) void this.settle();
  }

  jobEnds(end: JobEnd): void {
    if (this.#instruments !== null) this.#instruments.recordJob(end);
    else if (this.#early.length < MAX_EARLY_JOBS) this.#early.push(end);
  }

  /**
   * Delivers what was measured since the last flush, if any job ran. Resolves within `FLUSH_LIMIT_MS` whatever the
   * receiver does, and never rejects.
   */
  flush(): Promise<void> {
    if (this.#flushing !== null) return this.#flushing;
    const giveUp = () => guarded('reporting that a flush was cut short', () => this.#own?.giveUp());
    if (!this.#unflushedJobs) {
      giveUp();
      return Promise.resolve();
    }
    this.#measured.monitor.process();
    this.#unflushedJobs = false;
    this.#flushing = within(FLUSH_LIMIT_MS, this.#deliver(), giveUp).finally(() => {
      this.#flushing = null;
    });
    return this.#flushing;
  }

  async #deliver(): Promise<void> {
    await this.settle();
    // A collection does this too, but the last one must not depend on the SDK calling callbacks before tables.
    this.#measured.monitor.process();
    this.#measured.monitor.forgetBlocker();
    await this.#provider?.forceFlush?.();
  }

  /** Uses the application's provider, if there is one. Returns why it is skipped. */
  #takeApplications(): string | null {
    const provider = this.#applications();
    if (isNoop(provider)) return null;
    const { transports } = readWorkerSettings(process.env);
    if (this.#fallback !== null && canReport(process.env, transports)) {
      if (lacksReader(provider)) return NO_READER;
      if (provider !== this.#readerless && lacksDyno(provider, process.env)) return NO_DYNO;
    }
    this.#useApplications(provider);
    return null;
  }

  /** A passed one, else the global one; also the global one if only that has a reader. */
  #applications(): SdkMeterProvider {
    const passed = this.#readerless;
    const global: SdkMeterProvider = metrics.getMeterProvider();
    if (passed === null) return global;
    return lacksReader(passed) && !isNoop(global) && !lacksReader(global) ? global : passed;
  }

  async #useFallback(fallback: FallbackProvider, skipped: string | null): Promise<void> {
    const own = await fallback();
    if (own === null) return;
    // Meanwhile the application has passed a provider, or has disabled the instrumentation.
    if (this.#instruments !== null || fallback !== this.#fallback) return own.provider.shutdown?.();
    if (skipped !== null) this.#voice.say(skipped);
    else if (this.#expectsSdk) this.#voice.say(NO_PROVIDER);
    this.#move(own.provider, own.tables);
    this.#own = own;
    this.#reportEarly(own);
  }

  #reportStart(error: unknown): void {
    this.#voice.say(
      `nothing is reported: the export could not be started. ${error instanceof Error ? error.message : error}`,
    );
    reportFault('starting the export of metrics', error);
  }

  /** Before the first interval ends: this process may replace one that reported the dyno until a moment ago. */
  #reportEarly(own: OwnProvider): void {
    // A flush that waits for the provider delivers the same, and has little time.
    if (this.#flushing !== null) return;
    const report = async () => {
      if (await own.canSend()) await own.provider.forceFlush?.();
    };
    report().catch((error: unknown) => reportFault('the first export', error));
  }
}

/** Only Tidemark's own provider has the exporter that writes the stream. */
const NO_STREAM =
  "TIDEMARK_TRANSPORT names redis, but measurements go to the application's OpenTelemetry SDK, " +
  'which does not write the points stream. Let it export OTLP to the actuator or a Collector.';
const NOT_EMBEDDED =
  "TIDEMARK_EMBEDDED=true has no effect: measurements go to the application's OpenTelemetry SDK, " +
  'which does not write the points stream that the actuator in a worker reads. Run the actuator as a service, ' +
  'and let the SDK export OTLP to it or to a Collector.';
const NO_DYNO =
  "the resource of the application's OpenTelemetry SDK does not name the dyno, " +
  "so Tidemark exports its measurements itself. Add herokuDetector to the SDK's resourceDetectors to have it " +
  'export them.';
const NO_READER =
  "the meter provider of the application's OpenTelemetry SDK has no metric reader, " +
  'so Tidemark exports its measurements itself, using the OTEL_* variables. ' +
  'Give the SDK metricReaders to have it export them.';
const NO_PROVIDER =
  "the application's OpenTelemetry SDK has provided no meter provider, " +
  'so Tidemark exports its measurements itself, using the OTEL_* variables. ' +
  'Give the SDK metricReaders to have it export them.';

/** The timer is not unref'd: it keeps the process alive for the remaining time; the sockets do not. */
async function within(limitMs: number, work: Promise<void>, onTimeout: () => void): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const timedOut = new Promise<void>((resolve) => {
    timer = setTimeout(() => {
      onTimeout();
      resolve();
    }, limitMs);
  });
  await Promise.race([work.catch((error: unknown) => reportFault('the last flush', error)), timedOut]);
  clearTimeout(timer);
}
