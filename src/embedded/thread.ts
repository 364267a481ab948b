/**
 * The thread in a worker's process that runs the actuator. Whatever happens in it, memory it cannot get included, ends
 * the thread and not the process; and it does not keep the process alive.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { ConfigError } from '../model/errors.ts';
import { type EmbeddedMessage, type EmbeddedStart, STOP_EMBEDDED } from '../shared/embedded-messages.ts';
import { runEmbedded } from './run-embedded.ts';

const report = (message: EmbeddedMessage) => parentPort?.postMessage(message);

async function main(): Promise<void> {
  try {
    const close = await runEmbedded({
      start: workerData as EmbeddedStart,
      env: process.env,
      print: (line) => report({ kind: 'line', line: line.trimEnd() }),
      onLost: () => void end(),
    });
    const end = async () => {
      await close();
      process.exit();
    };
    parentPort?.on('message', (message) => {
      if (message === STOP_EMBEDDED) void end();
    });
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    report({ kind: 'faults', faults: error.faults });
  }
}

void main();
