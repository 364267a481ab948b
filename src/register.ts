/**
 * `import 'tidemark/register'` as the first line of a worker's entry point, or `node --import tidemark/register worker.js`, which also
 * reaches sandboxed children. Measures the process and its BullMQ workers and exports over OTLP by the standard `OTEL_*` variables.
 * Does nothing in worker threads, and loads nothing where there is no BullMQ. No top-level await: `require` must be able to load it.
 */
import { createRequire } from 'node:module';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findBullmq } from './instrument/bullmq/find-bullmq.ts';
import { mayMeasure } from './instrument/identity/process-role.ts';

function register(): void {
  if (!mayMeasure() || process.env.OTEL_SDK_DISABLED?.trim().toLowerCase() === 'true') return;
  const self = fileURLToPath(import.meta.url);
  const bullmqPath = findBullmq(process.argv[1], process.cwd(), self);
  if (bullmqPath === null) return;
  // Loaded synchronously, so that the application's first worker is followed, and only now.
  const { start }: typeof import('./instrument/start.ts') = createRequire(self)(`./instrument/start${extname(self)}`);
  start(bullmqPath);
}

try {
  register();
} catch (error) {
  console.warn('tidemark: not started; the application is not affected.', error);
}
