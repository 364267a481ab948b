/**
 * Measures the process and its BullMQ workers, and exports over OTLP by the standard `OTEL_*` variables, every 10 s
 * unless `OTEL_METRIC_EXPORT_INTERVAL` says otherwise. Import it in the first line of a worker's entry point, or start
 * the worker with `node --import tidemark/register worker.js`, which also reaches sandboxed children. Exports nothing
 * and never throws.
 *
 * @example
 * ```ts
 * import 'tidemark/register';
 * import { Worker } from 'bullmq';
 * ```
 *
 * @packageDocumentation
 */

// Loads nothing before the process creates its first worker or queue, in any thread. No top-level await: `require` must
// be able to load it.
import { createRequire } from 'node:module';
import { extname } from 'node:path';
import type { WorkerMethods } from './instrument/bullmq/bullmq-patch.ts';
import { lookForBullmq } from './instrument/bullmq/bullmq-sightings.ts';
import { mayMeasure, processRole } from './instrument/identity/process-role.ts';
import { startedThreads, whenThreadHasBullmq } from './instrument/identity/threads.ts';
import { isSdkDisabled } from './shared/otel-environment.ts';

function register(): void {
  if (isSdkDisabled(process.env)) {
    // Only to print that Tidemark is disabled.
    if (mayMeasure() && processRole() === 'main') lookForBullmq('register', start);
    return;
  }
  startedThreads();
  if (!mayMeasure()) {
    lookForBullmq('register', startInThread);
    return;
  }
  whenThreadHasBullmq((hasWorker) => start(null, hasWorker));
  // A sandbox runs jobs without a worker of its own.
  if (processRole() === 'sandbox') start(null);
  else lookForBullmq('register', start);
}

let loaded: typeof import('./instrument/start.ts') | null = null;
let hasFailed = false;

function start(workerPrototype: WorkerMethods | null, threadHasWorker = false): void {
  withLoaded((instrument) => instrument.start(workerPrototype, threadHasWorker));
}

function startInThread(workerPrototype: WorkerMethods | null): void {
  withLoaded((instrument) => instrument.startInThread(workerPrototype));
}

/**
 * Never throws. Loads synchronously, so that the worker being created is followed. What has failed once is not tried
 * again: an application may create a queue for each request.
 */
function withLoaded(begin: (instrument: typeof import('./instrument/start.ts')) => void): void {
  if (hasFailed) return;
  try {
    // The build writes the path out, so that bundlers find the file.
    loaded ??= createRequire(import.meta.url)(
      `./instrument/start${extname(import.meta.url)}`,
    ) as typeof import('./instrument/start.ts');
    begin(loaded);
  } catch (error) {
    hasFailed = true;
    console.warn(`tidemark: not started; the application is not affected. ${NOT_COMPLETE}`, error);
  }
}

const NOT_COMPLETE =
  'A file of the package, or @opentelemetry/api, could not be loaded: install both completely (Yarn does not install ' +
  '@opentelemetry/api by itself), or leave them out of the bundle.';

register();
