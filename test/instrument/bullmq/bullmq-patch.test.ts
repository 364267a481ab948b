import { describe, expect, it, vi } from 'vitest';
import { type BullmqWorker, patchWorker, type WorkerObserver } from '../../../src/instrument/bullmq/bullmq-patch.ts';
import { JobRun } from '../../../src/instrument/jobs/job-run.ts';

/** The shape of BullMQ's worker, as far as it is patched. */
function makeWorkerClass() {
  return class FakeWorker {
    readonly name = 'mails';
    processor: (...args: unknown[]) => unknown = () => 'done';
    closed = false;
    callProcessJob(...args: unknown[]): unknown {
      return this.processor(...args);
    }
    async run(): Promise<void> {}
    async close(): Promise<void> {
      this.closed = true;
    }
  };
}

const run = new JobRun({ queue: 'q', name: 'job', sandbox: null }, null, 0, null, false);

function makeObserver() {
  return {
    workerRuns: vi.fn<WorkerObserver['workerRuns']>(),
    jobBegins: vi.fn<WorkerObserver['jobBegins']>(() => run),
    processes: <T>(_worker: BullmqWorker, _run: JobRun, work: () => T) => work(),
    jobEnds: vi.fn<WorkerObserver['jobEnds']>(),
    workerClosing: vi.fn<WorkerObserver['workerClosing']>(),
    workerCloses: vi.fn<WorkerObserver['workerCloses']>(async () => {}),
    workerClosed: vi.fn<WorkerObserver['workerClosed']>(async () => {}),
  };
}

function patched() {
  const FakeWorker = makeWorkerClass();
  const observer = makeObserver();
  const undo = patchWorker(FakeWorker.prototype as object, observer);
  return { FakeWorker, observer, undo, worker: new FakeWorker() };
}

const job = { name: 'send' };

/** As some proxies are: everything that is read of it throws. */
function unreadable(): unknown {
  const fail = () => {
    throw new Error('not to be looked at');
  };
  return new Proxy({}, { get: fail, getPrototypeOf: fail });
}

describe('patched workers', () => {
  it('pass every argument and the very promise of the processor through', async () => {
    const { worker } = patched();
    const promise = Promise.resolve('result');
    worker.processor = vi.fn(() => promise);
    const signal = new AbortController().signal;
    expect(worker.callProcessJob(job, 'token', signal, 'more')).toBe(promise);
    expect(worker.processor).toHaveBeenCalledWith(job, 'token', signal, 'more');
    await promise;
  });

  it.each([
    ['a promise that fulfils', async () => 1, 'completed', null],
    ['a promise that rejects', () => Promise.reject(new RangeError('no')), 'failed', 'RangeError'],
    ['a plain value', () => 1, 'completed', null],
    [
      'a throw',
      () => {
        throw new Error('no');
      },
      'failed',
      'Error',
    ],
    ['a rejection that cannot be looked at', () => Promise.reject(unreadable()), 'failed', '_OTHER'],
  ])('report the outcome of %s before BullMQ goes on', async (_what, processor, outcome, errorType) => {
    const { worker, observer } = patched();
    worker.processor = processor;
    await (async () => worker.callProcessJob(job, 'token'))().catch(() => {});
    expect(observer.jobEnds.mock.calls).toEqual([[run, outcome, errorType]]);
  });

  it('go on unharmed where following them fails', async () => {
    const { worker, observer } = patched();
    observer.jobBegins.mockImplementation(() => {
      throw new Error('a fault of ours');
    });
    expect(await worker.callProcessJob(job, 'token')).toBe('done');
    observer.jobBegins.mockImplementation(() => run);
    observer.jobEnds.mockImplementation(() => {
      throw new Error('a fault of ours');
    });
    expect(await worker.callProcessJob(job, 'token')).toBe('done');
  });

  it('wait for the observer when they close, after their own closing', async () => {
    const { worker, observer } = patched();
    observer.workerClosed.mockImplementation(async (closing: BullmqWorker) => {
      expect((closing as unknown as typeof worker).closed).toBe(true);
    });
    await worker.close();
    expect(observer.workerClosed).toHaveBeenCalledTimes(1);
  });

  it('are followed in subclasses, and reported when they run', async () => {
    const { FakeWorker, observer } = patched();
    class Special extends FakeWorker {
      override callProcessJob(...args: unknown[]): unknown {
        return super.callProcessJob(...args);
      }
    }
    const worker = new Special();
    await worker.run();
    await worker.callProcessJob(job, 'token');
    expect(observer.workerRuns).toHaveBeenCalledWith(worker);
    expect(observer.jobBegins).toHaveBeenCalledTimes(1);
  });

  it('are patched once, however often one tries', async () => {
    const { FakeWorker, worker } = patched();
    const second = makeObserver();
    patchWorker(FakeWorker.prototype as object, second);
    patchWorker(worker as object, second);
    await worker.callProcessJob(job, 'token');
    expect(second.jobBegins).not.toHaveBeenCalled();
  });

  it('are restored by the undo, unless someone has wrapped them since', () => {
    const FakeWorker = makeWorkerClass();
    const { callProcessJob: original, close } = FakeWorker.prototype;
    const undo = patchWorker(FakeWorker.prototype as object, makeObserver());
    const later = function callProcessJob() {};
    FakeWorker.prototype.callProcessJob = later;
    undo();
    expect(FakeWorker.prototype.callProcessJob).toBe(later);
    expect(FakeWorker.prototype.close).toBe(close);
    expect(original).not.toBe(later);
  });

  it('can be single instances', async () => {
    const FakeWorker = makeWorkerClass();
    const [followed, other] = [new FakeWorker(), new FakeWorker()];
    const observer = makeObserver();
    const undo = patchWorker(followed as object, observer);
    await other.callProcessJob(job, 'token');
    expect(observer.jobBegins).not.toHaveBeenCalled();
    await followed.callProcessJob(job, 'token');
    expect(observer.jobBegins).toHaveBeenCalledTimes(1);
    undo();
    expect(Object.hasOwn(followed, 'callProcessJob')).toBe(false);
  });
});
