/**
 * For applications with their own OpenTelemetry SDK, and for bundled applications. All others need only
 * `tidemark/register`.
 *
 * @packageDocumentation
 */
export { type DrainContext, type DrainHook, onDrain, onRestart } from './instrument/drain/drain-hooks.ts';
export { type HerokuDetector, herokuDetector, type ResourceAttributes } from './instrument/identity/heroku-detector.ts';
export { BullMQMemoryInstrumentation, instrumentWorker } from './instrument/instrumentation.ts';
export type { BullMQMemoryInstrumentationConfig } from './instrument/types.ts';
