import type { MeterProvider, TracerProvider } from '@opentelemetry/api';
import { SCOPE_NAME } from '../semconv.ts';
import { VERSION } from '../shared/version.ts';
import { lookForBullmq } from './bullmq/bullmq-sightings.ts';
import { guarded } from './diagnostics.ts';
import { followInThread } from './drain/thread-drain.ts';
import { mayMeasure } from './identity/process-role.ts';
import { readWorkerSettings } from './settings.ts';
import { exportStandalone } from './standalone.ts';
import type { BullMQMemoryInstrumentationConfig } from './types.ts';
import { startedOrWarned } from './warn-once.ts';
import { processWatch, type WorkerInstrumentation } from './worker-instrumentation.ts';

/**
 * Measures this process and its BullMQ workers. Pass it to the `instrumentations` of a NodeSDK or of
 * `registerInstrumentations`, and add `herokuDetector` to the SDK's `resourceDetectors`: without it Tidemark cannot
 * tell which dyno a metric came from. All instances of a process share one measurement. In a worker thread it does
 * nothing, because a thread shares the memory of its process. Never throws.
 *
 * It has the structure of OpenTelemetry's `Instrumentation` and does not extend `InstrumentationBase`, which would add
 * loader hooks and bind the application to one line of OpenTelemetry versions.
 *
 * @example
 * ```ts
 * const sdk = new NodeSDK({
 *   resourceDetectors: [herokuDetector],
 *   instrumentations: [new BullMQMemoryInstrumentation({ maxJobNames: 200 })],
 * });
 * sdk.start();
 * ```
 */
export class BullMQMemoryInstrumentation {
  /** The scope of its metrics. */
  readonly instrumentationName = SCOPE_NAME;
  /** The version of this package. */
  readonly instrumentationVersion = VERSION;
  #config: BullMQMemoryInstrumentationConfig;
  #meterProvider: MeterProvider | null = null;
  #watch: WorkerInstrumentation | null = null;
  #endLooking: (() => void) | null = null;

  /** Starts at once, unless `enabled` is false. */
  constructor(config: BullMQMemoryInstrumentationConfig = {}) {
    this.#config = { enabled: true, ...config };
    if (config.enabled !== false) this.enable();
  }

  /**
   * Patches the prototype of BullMQ's `Worker`: at once if it is loaded, else before the first worker is created. Loads
   * nothing.
   */
  enable(): void {
    if (this.#watch !== null || !mayMeasure()) return;
    guarded('starting to measure', () => this.#started());
    guarded('looking for BullMQ', () => this.#followBullmq());
  }

  /** Restores BullMQ's methods and stops measuring. Running jobs are no longer followed. */
  disable(): void {
    this.#endLooking?.();
    this.#endLooking = null;
    this.#watch?.stop();
    this.#watch = null;
  }

  /** Records its metrics with this provider from now on. An SDK calls it. */
  setMeterProvider(meterProvider: MeterProvider): void {
    this.#meterProvider = meterProvider;
    guarded('taking a meter provider', () => this.#watch?.telemetry.use(meterProvider));
  }

  /** Does nothing: it does not trace. BullMQ's own telemetry does. */
  setTracerProvider(_tracerProvider: TracerProvider): void {}

  /** A copy of its options. */
  getConfig(): BullMQMemoryInstrumentationConfig {
    return { ...this.#config };
  }

  /** Takes effect at the next `enable`. */
  setConfig(config: BullMQMemoryInstrumentationConfig): void {
    this.#config = { enabled: true, ...config };
  }

  #started(): WorkerInstrumentation {
    if (this.#watch !== null) return this.#watch;
    this.#watch = watchFor(this.#config);
    if (this.#meterProvider !== null) this.setMeterProvider(this.#meterProvider);
    return this.#watch;
  }

  #followBullmq(): void {
    this.#endLooking = lookForBullmq('instrumentation', (workerPrototype) => {
      startedOrWarned('patching BullMQ', workerPrototype !== null, () => {
        // Retries what failed in `enable`.
        const watch = this.#started();
        guarded('preparing the export', () => exportStandalone(watch, { expectsSdk: true }));
        if (workerPrototype !== null) watch.follow(workerPrototype);
      });
    });
  }
}

/**
 * Follows one BullMQ worker, for applications that name their workers instead of loading `tidemark/register`. A
 * worker that is already followed through its class stays as it is. In a worker thread it lets the worker be drained,
 * and measures nothing. Exports like `tidemark/register`, unless the application has a meter provider. Does not start
 * the actuator of `TIDEMARK_EMBEDDED`, and prints so. Never throws.
 *
 * @param worker an instance of BullMQ's `Worker`
 *
 * @example
 * ```ts
 * const worker = new Worker('mails', process, { connection });
 * instrumentWorker(worker);
 * ```
 */
export function instrumentWorker(worker: object): void {
  startedOrWarned('following a worker', true, () => {
    if (!mayMeasure()) return followInThread(worker);
    const watch = watchFor({});
    const isFirst = !watch.telemetry.hasFallback;
    if (isFirst && readWorkerSettings(process.env).embedded) watch.voice.say(NOT_EMBEDDED);
    exportStandalone(watch);
    watch.follow(worker);
  });
}

const NOT_EMBEDDED =
  'TIDEMARK_EMBEDDED=true has no effect in this process: only tidemark/register starts the actuator, which is loaded ' +
  'from files that a bundle does not have. Load tidemark/register, or run the actuator as a service.';

function watchFor({ maxJobNames }: BullMQMemoryInstrumentationConfig): WorkerInstrumentation {
  const settings = readWorkerSettings(process.env);
  return processWatch({ maxJobNames: maxJobNames ?? settings.maxJobNames, env: process.env });
}
