import { Worker } from 'node:worker_threads';
import { type EmbeddedMessage, type EmbeddedStart, STOP_EMBEDDED } from '../../shared/embedded-messages.ts';
import { printLine } from '../print-line.ts';
import type { EmbeddedActuatorOptions } from './embedded-actuator.ts';

/** Memory of the thread's own heap, MB: a few hundred dynos fit. V8 fills the young generation before it looks. */
const HEAP_LIMITS = { maxOldGenerationSizeMb: 48, maxYoungGenerationSizeMb: 1 };

/**
 * @param file what the thread runs; null if it cannot be named
 * @param say prints a sentence for people
 */
export function threadStarter(
  file: URL | null,
  say: (sentence: string) => void,
): EmbeddedActuatorOptions['startThread'] {
  return (start, onEnd) => {
    let isFinal = false;
    const cannotRun = (why: string) => {
      isFinal = true;
      say(`the actuator does not run in this worker: ${why}`);
    };
    const thread = startedThread(file, start);
    if (thread instanceof Error) {
      cannotRun(thread.message);
      queueMicrotask(() => onEnd(true));
      return { stop: () => {} };
    }
    thread.unref();
    printOutput(thread);
    thread.on('message', (message: EmbeddedMessage) => {
      if (message.kind === 'line') printLine(message.line);
      else message.faults.forEach(cannotRun);
    });
    thread.on('error', (error) => {
      if (isMissing(error)) cannotRun(`${error.message}. ${NOT_BUNDLED}`);
      else say(`the actuator in this worker has failed and starts again: ${error.message}`);
    });
    thread.on('exit', () => onEnd(isFinal));
    return { stop: () => thread.postMessage(STOP_EMBEDDED) };
  };
}

/** An error where no thread may start: `node --permission` without `--allow-worker`. */
function startedThread(file: URL | null, workerData: EmbeddedStart): Worker | Error {
  if (file === null) return new Error(NOT_BUNDLED);
  try {
    // Without the application's own flags and hooks.
    return new Worker(file, { workerData, execArgv: [], resourceLimits: HEAP_LIMITS, name: 'tidemark' });
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

const NOT_BUNDLED =
  'It is loaded from files: a bundle or a partial copy of the package has none. Keep tidemark out of the bundle and ' +
  'in node_modules, or run the actuator as a service.';

/** A file of the thread, or a package that it needs, is not there. */
function isMissing({ code }: NodeJS.ErrnoException): boolean {
  return code === 'MODULE_NOT_FOUND' || code === 'ERR_MODULE_NOT_FOUND';
}

/**
 * Node pipes a thread's output into the process's. A pipe turns a closed output, which `console` tolerates, into an
 * error that ends the application, whoever writes next.
 */
function printOutput(thread: Worker): void {
  for (const output of [thread.stdout, thread.stderr]) {
    output.unpipe();
    output.on('data', (chunk: Buffer) => printLine(chunk.toString().trimEnd()));
    // Without a pipe it stands still.
    output.resume();
  }
}
