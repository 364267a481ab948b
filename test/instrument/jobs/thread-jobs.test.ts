import { once } from 'node:events';
import { Worker as Thread } from 'node:worker_threads';
import { afterEach, expect, it, vi } from 'vitest';
import { startedThreads } from '../../../src/instrument/identity/threads.ts';
import { JobMonitor } from '../../../src/instrument/jobs/job-monitor.ts';
import { followThreadJobs } from '../../../src/instrument/jobs/thread-jobs.ts';
import { PATIENCE } from '../../patience.ts';
import { nativeMemory } from '../attribution/native-memory.ts';

const undo: (() => unknown)[] = [];
afterEach(async () => {
  for (const one of undo.splice(0)) await one();
});

const REPORTER = new URL('../../../src/instrument/jobs/thread-jobs.ts', import.meta.url).href;
/** Begins and ends the jobs that a test names, and says on request how many messages it has heard on channels. */
const THREAD = `
  const { parentPort } = require('node:worker_threads');
  const { dispatchEvent } = BroadcastChannel.prototype;
  let heard = 0;
  BroadcastChannel.prototype.dispatchEvent = function (event) {
    heard += 1;
    return dispatchEvent.call(this, event);
  };
  import('${REPORTER}').then(({ ThreadJobReporter }) => {
    const reporter = new ThreadJobReporter();
    const runs = new Map();
    parentPort.on('message', ({ begin, end, outcome, counts }) => {
      if (counts) setTimeout(() => parentPort.postMessage(heard), 50);
      if (begin !== undefined) runs.set(begin, reporter.jobBegins({ name: 'mails' }, { name: begin }));
      if (end !== undefined) reporter.jobEnds(runs.get(end), outcome, outcome === 'failed' ? 'TypeError' : null);
    });
    parentPort.postMessage('ready');
  });
`;

async function startThread(): Promise<Thread> {
  startedThreads();
  const thread = new Thread(THREAD, { eval: true });
  undo.push(() => thread.terminate());
  await once(thread, 'message');
  return thread;
}

/** The jobs of the threads, as the monitor of this process counts them. */
function follow() {
  const ended: string[] = [];
  const monitor = new JobMonitor({
    maxJobNames: 10,
    readMemory: () => nativeMemory(1000),
    nowMs: () => performance.now(),
    waitedMs: () => 0,
    onEnd: ({ series, errorType }) =>
      ended.push(`${series.attributes['bullmq.job.name']} ${series.outcome} ${errorType}`),
  });
  followThreadJobs({ begin: (job) => monitor.begin(job), end: (run, end) => monitor.endInThread(run, end) });
  const untilActive = (count: number) => vi.waitFor(() => expect(monitor.active().get('mails')).toBe(count), PATIENCE);
  return { monitor, ended, untilActive };
}

it('counts the jobs of a thread by name and outcome, and none as a block of this event loop', async () => {
  const { ended, untilActive } = follow();
  const thread = await startThread();
  for (const begin of ['send', 'sort']) thread.postMessage({ begin });
  await untilActive(2);
  thread.postMessage({ end: 'sort', outcome: 'failed' });
  await untilActive(1);
  thread.postMessage({ end: 'send', outcome: 'completed' });
  await untilActive(0);
  expect(ended).toEqual(['sort failed TypeError', 'send completed null']);
});

it('is heard of the jobs of a thread by the main thread alone', async () => {
  const { untilActive } = follow();
  const [working, other] = [await startThread(), await startThread()];
  const names = Array.from({ length: 50 }, (_, index) => `job-${index}`);
  other.postMessage({ begin: 'send' });
  for (const begin of names) working.postMessage({ begin });
  await untilActive(51);
  other.postMessage({ counts: true });
  expect(await once(other, 'message')).toEqual([0]);
});

it('counts a job that ends with its thread as failed, and it no longer runs', async () => {
  const { ended, untilActive } = follow();
  const thread = await startThread();
  thread.postMessage({ begin: 'send' });
  await untilActive(1);
  await thread.terminate();
  await untilActive(0);
  expect(ended).toEqual(['send failed _OTHER']);
});

const THREADS = new URL('../../../src/instrument/identity/threads.ts', import.meta.url).href;

/** A thread that starts another one, passes messages on to it, and ends it when it is sent `terminate`. */
async function startNestedThread({ isFollowed }: { readonly isFollowed: boolean }): Promise<Thread> {
  startedThreads();
  const loads = isFollowed
    ? `import('${THREADS}').then(({ startedThreads }) => startedThreads())`
    : 'Promise.resolve()';
  const outer = new Thread(
    `
    const { Worker, parentPort } = require('node:worker_threads');
    ${loads}.then(() => {
      const inner = new Worker(${JSON.stringify(THREAD)}, { eval: true });
      inner.on('message', () => parentPort.postMessage('ready'));
      parentPort.on('message', (message) => (message === 'terminate' ? inner.terminate() : inner.postMessage(message)));
    });
  `,
    { eval: true },
  );
  undo.push(() => outer.terminate());
  await once(outer, 'message');
  return outer;
}

it('counts the jobs of a thread that another thread has started', async () => {
  const { ended, untilActive } = follow();
  const outer = await startNestedThread({ isFollowed: true });
  for (const begin of ['send', 'sort']) outer.postMessage({ begin });
  await untilActive(2);
  outer.postMessage({ end: 'sort', outcome: 'completed' });
  await untilActive(1);
  expect(ended).toEqual(['sort completed null']);
});

it.each(['the thread', 'the thread that has started it'])('counts a job that ends with %s as failed', async (which) => {
  const { ended, untilActive } = follow();
  const outer = await startNestedThread({ isFollowed: true });
  outer.postMessage({ begin: 'send' });
  await untilActive(1);
  if (which === 'the thread') outer.postMessage('terminate');
  else await outer.terminate();
  await untilActive(0);
  expect(ended).toEqual(['send failed _OTHER']);
});

it('counts no job of a thread whose end it would not see, and prints so once', async () => {
  const print = vi.spyOn(console, 'warn').mockImplementation(() => {});
  undo.push(() => print.mockRestore());
  const { ended, untilActive } = follow();
  const outer = await startNestedThread({ isFollowed: false });
  for (const begin of ['inner', 'other']) outer.postMessage({ begin });
  await vi.waitFor(() => expect(print).toHaveBeenCalled(), PATIENCE);
  const thread = await startThread();
  thread.postMessage({ begin: 'send' });
  await untilActive(1);
  thread.postMessage({ end: 'send', outcome: 'completed' });
  await untilActive(0);
  expect(ended).toEqual(['send completed null']);
  expect(print.mock.calls.map(([line]) => line)).toEqual([
    expect.stringMatching(/^tidemark: the jobs of a worker thread that another worker thread has started are not mea/),
  ]);
});

it('counts jobs that began before anybody followed them', async () => {
  const thread = await startThread();
  for (const begin of ['send', 'sort']) thread.postMessage({ begin });
  thread.postMessage({ end: 'sort', outcome: 'completed' });
  const { ended, untilActive } = follow();
  await untilActive(1);
  expect(ended).toEqual(['sort completed null']);
});
