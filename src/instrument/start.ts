import { DiagConsoleLogger, DiagLogLevel, diag } from '@opentelemetry/api';
import { workerPrototype } from './bullmq/bullmq-patch.ts';
import { guarded } from './diagnostics.ts';
import { processRole } from './identity/process-role.ts';
import { readWorkerSettings } from './settings.ts';
import { exportStandalone } from './standalone.ts';
import { processWatch } from './worker-watch.ts';

/**
 * What `register` does once it has found BullMQ. Never throws.
 *
 * @public loaded by `register` at run time, so that no import shows it
 */
export function start(bullmqPath: string): void {
  guarded('starting', () => {
    logAsAsked(process.env.OTEL_LOG_LEVEL);
    const settings = readWorkerSettings(process.env);
    for (const fault of settings.faults) console.warn(`tidemark: ${fault}`);
    const watch = processWatch({ maxJobNames: settings.maxJobNames, env: process.env });
    exportStandalone(watch);
    if (processRole() === 'main') guarded('patching BullMQ', () => watch.follow(workerPrototype(bullmqPath)));
  });
}

/** The SDKs' standard variable; without it, and without a logger of the application, OpenTelemetry's diagnostics are silent. */
function logAsAsked(level: string | undefined): void {
  const name = level?.trim().toUpperCase() ?? '';
  if (!Object.hasOwn(DiagLogLevel, name)) return;
  const logLevel = DiagLogLevel[name as keyof typeof DiagLogLevel];
  diag.setLogger(new DiagConsoleLogger(), { logLevel, suppressOverrideMessage: true });
}
