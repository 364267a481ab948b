import { workerPrototype } from './bullmq-patch.ts';
import { guarded } from './diagnostics.ts';
import { processRole } from './process-role.ts';
import { readWorkerSettings } from './settings.ts';
import { exportStandalone } from './standalone.ts';
import { processWatch } from './worker-watch.ts';

/** What `register` does once it has found BullMQ. Never throws. */
export function start(bullmqPath: string): void {
  guarded('starting', () => {
    const settings = readWorkerSettings(process.env);
    for (const fault of settings.faults) console.warn(`tidemark: ${fault}`);
    const watch = processWatch({ maxJobNames: settings.maxJobNames, env: process.env });
    exportStandalone(watch.telemetry);
    if (processRole() === 'main') guarded('patching BullMQ', () => watch.follow(workerPrototype(bullmqPath)));
  });
}
