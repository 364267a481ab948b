import { type WorkerMethods, wrap } from './bullmq/bullmq-patch.ts';
import { SDK_DISABLED } from './export/export-environment.ts';
import { Voice } from './voice.ts';

/**
 * What `register` does when it finds BullMQ and `OTEL_SDK_DISABLED` is set: it measures nothing, and prints that when
 * the first worker runs. Then it restores the class.
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
