import { privateProvider } from './export/private-provider.ts';
import { readWorkerSettings } from './settings.ts';
import type { WorkerWatch } from './worker-watch.ts';

/**
 * How long an application has to start its own SDK before a process that runs no job settles for a provider of our own. A first job
 * settles it earlier.
 */
const SETTLE_AFTER_MS = 1000;

const started = new WeakSet<WorkerWatch>();

/** Lets measurements leave the process without an SDK of the application, and flushes them at a clean exit. Once per watch. */
export function exportStandalone(watch: WorkerWatch): void {
  if (started.has(watch)) return;
  started.add(watch);
  const { telemetry } = watch;
  const { transports } = readWorkerSettings(process.env);
  if (transports.includes('redis')) watch.flushBeforeClosing();
  telemetry.setFallback(() => privateProvider({ transports, lend: () => watch.lendRedis() }));
  setTimeout(() => void telemetry.settle(), SETTLE_AFTER_MS).unref();
  // The event loop has run dry: a flush revives it for a second at most, and the next time there is nothing left to flush.
  process.on('beforeExit', () => void telemetry.flush());
}
