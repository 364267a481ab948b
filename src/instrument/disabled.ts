import { type WorkerMethods, wrap } from './bullmq/bullmq-patch.ts';
import { SDK_DISABLED } from './export/export-environment.ts';
import { Voice } from './voice.ts';

/**
 * What `register` does at each sight of BullMQ where `OTEL_SDK_DISABLED` is set: nothing is measured, and the first worker that runs says so. Then
 * its class is as it was.
 */
export function sayDisabled(workerPrototype: WorkerMethods | null): void {
  if (workerPrototype === null) return;
  const undo = wrap(workerPrototype, 'run', (original) => {
    return function run(...args) {
      undo();
      sayOnce();
      return original.apply(this, args);
    };
  });
}

let isSaid = false;

function sayOnce(): void {
  if (isSaid) return;
  isSaid = true;
  const voice = new Voice();
  voice.say(SDK_DISABLED);
  voice.workerRuns();
}
