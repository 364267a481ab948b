import { privateProvider } from './export/private-provider.ts';
import { readWorkerSettings } from './settings.ts';
import type { WorkerInstrumentation } from './worker-instrumentation.ts';

/**
 * How long an application has to start its own SDK before a process without jobs uses Tidemark's own provider. A first
 * job decides it earlier.
 */
const SETTLE_AFTER_MS = 1000;

const exporting = new WeakSet<WorkerInstrumentation>();

/**
 * Exports measurements if the application provides no meter provider, and flushes them at a clean exit. `expectsSdk`:
 * the application is expected to provide one.
 */
export function exportStandalone(watch: WorkerInstrumentation, options: { readonly expectsSdk?: boolean } = {}): void {
  if (watch.telemetry.hasFallback) return;
  const { telemetry, voice } = watch;
  const { transports } = readWorkerSettings(process.env);
  if (transports.includes('redis')) watch.flushBeforeClosing();
  const say = (sentence: string) => voice.say(sentence);
  telemetry.setFallback(() => privateProvider({ transports, workerRedis: () => watch.workerRedis(), say }), options);
  setTimeout(() => void telemetry.settle(), SETTLE_AFTER_MS).unref();
  if (exporting.has(watch)) return;
  exporting.add(watch);
  // The event loop is empty. A flush revives it for a second at most, and the next time there is nothing left to flush.
  process.on('beforeExit', () => void telemetry.flush());
}
