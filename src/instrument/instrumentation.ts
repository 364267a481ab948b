import type { MeterProvider, TracerProvider } from '@opentelemetry/api';
import { SCOPE_NAME } from '../semconv.ts';
import { lookForBullmq } from './bullmq/bullmq-sightings.ts';
import { guarded } from './diagnostics.ts';
import { followInThread } from './drain/thread-drain.ts';
import { mayMeasure } from './identity/process-role.ts';
import { readWorkerSettings } from './settings.ts';
import { exportStandalone } from './standalone.ts';
import type { BullMQMemoryInstrumentationConfig } from './types.ts';
import { VERSION } from './version.ts';
import { processWatch, type WorkerInstrumentation } from './worker-instrumentation.ts';

/**
 * Structurally OpenTelemetry's `Instrumentation`, for the `instrumentations` of a NodeSDK or of `registerInstrumentations`. It is
 * no subclass of `InstrumentationBase`: that would pull in loader hooks, which `lookForBullmq` does without, and bind the application to
 * one line of OpenTelemetry versions.
 *
 * Measures this process and its BullMQ workers; put `herokuDetector` into the SDK's `resourceDetectors` too, or the points tell no
 * dyno. All instances of a process share one measurement. In a worker thread it does nothing: thread and process share their memory.
 */
export class BullMQMemoryInstrumentation {
  readonly instrumentationName = SCOPE_NAME;
  readonly instrumentationVersion = VERSION;
  #config: BullMQMemoryInstrumentationConfig;
  #meterProvider: MeterProvider | null = null;
  #watch: WorkerInstrumentation | null = null;
  #endLooking: (() => void) | null = null;

  constructor(config: BullMQMemoryInstrumentationConfig = {}) {
    this.#config = { enabled: true, ...config };
    if (config.enabled !== false) this.enable();
  }

  /** Patches the prototype of BullMQ's `Worker`: at once where it is loaded, else before the first worker is made. Loads nothing. */
  enable(): void {
    if (this.#watch !== null || !mayMeasure()) return;
    this.#watch = guarded('starting to measure', () => watchFor(this.#config)) ?? null;
    if (this.#meterProvider !== null) this.setMeterProvider(this.#meterProvider);
    guarded('looking for BullMQ', () => this.#followBullmq());
  }

  /** Restores BullMQ's methods and stops measuring. Jobs that run go on unfollowed. */
  disable(): void {
    this.#endLooking?.();
    this.#endLooking = null;
    this.#watch?.stop();
    this.#watch = null;
  }

  setMeterProvider(meterProvider: MeterProvider): void {
    this.#meterProvider = meterProvider;
    guarded('taking a meter provider', () => this.#watch?.telemetry.use(meterProvider));
  }

  /** Nothing is traced; BullMQ's own telemetry does that. */
  setTracerProvider(_tracerProvider: TracerProvider): void {}

  getConfig(): BullMQMemoryInstrumentationConfig {
    return { ...this.#config };
  }

  /** Takes effect at the next `enable`. */
  setConfig(config: BullMQMemoryInstrumentationConfig): void {
    this.#config = { enabled: true, ...config };
  }

  #followBullmq(): void {
    this.#endLooking = lookForBullmq('instrumentation', (workerPrototype) => {
      guarded('preparing the export', () => this.#watch && exportStandalone(this.#watch, { expectsSdk: true }));
      if (workerPrototype !== null) guarded('patching BullMQ', () => this.#watch?.follow(workerPrototype));
    });
  }
}

/**
 * Follows one worker, for applications that have this package inside their bundle, where `register` cannot run. A worker that is
 * followed already, through its class, is left as it is. In a worker thread it lets the worker be drained, and measures nothing. Exports like
 * `tidemark/register`, unless the application has a meter provider.
 * Never throws.
 */
export function instrumentWorker(worker: object): void {
  guarded('following a worker', () => {
    if (!mayMeasure()) return followInThread(worker);
    const watch = watchFor({});
    exportStandalone(watch);
    watch.follow(worker);
  });
}

function watchFor({ maxJobNames }: BullMQMemoryInstrumentationConfig): WorkerInstrumentation {
  const settings = readWorkerSettings(process.env);
  return processWatch({ maxJobNames: maxJobNames ?? settings.maxJobNames, env: process.env });
}
