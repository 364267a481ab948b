import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';

/** Threads on all cores that answer each task with a result. */
export class Pool<Task, Result> {
  readonly #workers: readonly Worker[];

  /** The module receives a task as a message and answers with a message. */
  constructor(module: URL) {
    this.#workers = Array.from({ length: availableParallelism() }, () => new Worker(module));
  }

  /** The results are in the order of the tasks. One call at a time. */
  async run(tasks: readonly Task[]): Promise<readonly Result[]> {
    const results: Result[] = new Array(tasks.length);
    const waiting = tasks.entries();
    const runSome = async (worker: Worker) => {
      for (const [index, task] of waiting) results[index] = await ask<Task, Result>(worker, task);
    };
    await Promise.all(this.#workers.map(runSome));
    return results;
  }

  async close(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.terminate()));
  }
}

function ask<Task, Result>(worker: Worker, task: Task): Promise<Result> {
  return new Promise((resolve, reject) => {
    const finish = () => {
      worker.off('message', onMessage);
      worker.off('error', onError);
    };
    const onMessage = (result: Result) => {
      finish();
      resolve(result);
    };
    const onError = (error: Error) => {
      finish();
      reject(error);
    };
    worker.on('message', onMessage);
    worker.on('error', onError);
    worker.postMessage(task);
  });
}
