import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import type { DynoScore } from '../score.ts';
import type { Part } from './part.ts';

/** Runs parts on all cores; the answers are in the order of the parts. */
export async function runParts(parts: readonly Part[]): Promise<readonly (readonly DynoScore[])[]> {
  const results: (readonly DynoScore[])[] = new Array(parts.length);
  let next = 0;
  const runSome = async () => {
    const worker = new Worker(new URL('./part.ts', import.meta.url));
    try {
      while (next < parts.length) {
        const index = next;
        next += 1;
        const part = parts[index];
        if (part !== undefined) results[index] = await ask(worker, part);
      }
    } finally {
      await worker.terminate();
    }
  };
  await Promise.all(Array.from({ length: Math.min(availableParallelism(), parts.length) }, runSome));
  return results;
}

function ask(worker: Worker, part: Part): Promise<readonly DynoScore[]> {
  return new Promise((resolve, reject) => {
    const finish = () => {
      worker.off('message', onMessage);
      worker.off('error', onError);
    };
    const onMessage = (scores: readonly DynoScore[]) => {
      finish();
      resolve(scores);
    };
    const onError = (error: Error) => {
      finish();
      reject(error);
    };
    worker.on('message', onMessage);
    worker.on('error', onError);
    worker.postMessage(part);
  });
}
