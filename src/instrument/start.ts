import { extname } from 'node:path';
import { ATTR_HEROKU_APP_NAME, ATTR_HEROKU_PROCESS_TYPE } from '../semconv.ts';
import { isSdkDisabled } from '../shared/otel-environment.ts';
import type { WorkerMethods } from './bullmq/bullmq-patch.ts';
import { logToConsole } from './console-logger.ts';
import { sayDisabled } from './disabled.ts';
import { followInThread } from './drain/thread-drain.ts';
import { threadStarter } from './embedded/actuator-thread.ts';
import { EmbeddedActuator } from './embedded/embedded-actuator.ts';
import { herokuAttributes } from './identity/heroku-detector.ts';
import { announceBullmq } from './identity/threads.ts';
import { readWorkerSettings } from './settings.ts';
import { exportStandalone } from './standalone.ts';
import { startedOrWarned } from './warn-once.ts';
import { processWatch, type WorkerInstrumentation } from './worker-instrumentation.ts';

let watch: WorkerInstrumentation | null = null;

/**
 * What `register` does each time it finds BullMQ: it starts to measure the first time, and follows the workers of every
 * class. Workers in other threads are followed in their thread; `threadHasWorker` reports the first one. Never throws.
 *
 * @public loaded by `register` at run time, so that no import shows it
 */
export function start(workerPrototype: WorkerMethods | null, threadHasWorker: boolean): void {
  startedOrWarned('starting', workerPrototype !== null || threadHasWorker, () => {
    if (isSdkDisabled(process.env)) return sayDisabled(workerPrototype);
    watch ??= begin();
    if (threadHasWorker) watch.voice.workerRuns();
    if (workerPrototype !== null) watch.follow(workerPrototype);
  });
}

/**
 * The same in a worker thread, where nothing is measured: its workers are held in a drain, and the main thread is
 * notified of them and of their jobs. Never throws.
 *
 * @public loaded by `register` at run time
 */
export function startInThread(workerPrototype: WorkerMethods | null): void {
  startedOrWarned('following the workers of a thread', workerPrototype !== null, () => {
    if (workerPrototype === null) announceBullmq(null);
    else followInThread(workerPrototype);
  });
}

function begin(): WorkerInstrumentation {
  logToConsole(process.env.OTEL_LOG_LEVEL);
  const settings = readWorkerSettings(process.env);
  const started = processWatch({ maxJobNames: settings.maxJobNames, env: process.env });
  for (const fault of settings.faults) started.voice.say(fault);
  exportStandalone(started);
  if (settings.embedded) embed(started);
  return started;
}

function embed(started: WorkerInstrumentation): void {
  const { [ATTR_HEROKU_APP_NAME]: app, [ATTR_HEROKU_PROCESS_TYPE]: processType } = herokuAttributes(process.env);
  const say = (sentence: string) => started.voice.say(sentence);
  if (app === undefined || processType === undefined) {
    say(NO_DYNO);
    return;
  }
  started.embed(
    new EmbeddedActuator({
      target: { app, processType },
      redis: () => started.workerRedis(),
      startThread: threadStarter(threadFile(), say),
      nowMs: () => performance.now(),
    }),
  );
}

/** Null in a bundle of ES modules, where the built file does not know its place: reading it throws there. */
function threadFile(): URL | null {
  try {
    return new URL(`../embedded/thread${extname(import.meta.url)}`, import.meta.url);
  } catch {
    return null;
  }
}

const NO_DYNO =
  'TIDEMARK_EMBEDDED=true has no effect: this process does not know its app and dyno. On Heroku run ' +
  '"heroku labs:enable runtime-dyno-metadata", or set TIDEMARK_APP.';
