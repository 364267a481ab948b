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
/** Begins and ends the jobs that a test names. */
const THREAD = `
  const { parentPort } = require('node:worker_threads');
  import('${REPORTER}').then(({ ThreadJobReporter }) => {
    const reporter = new ThreadJobReporter();
    const runs = new Map();
    parentPort.on('message', ({ begin, end, outcome }) => {
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

it('counts a job that ends with its thread as failed, and it no longer runs', async () => {
  const { ended, untilActive } = follow();
  const thread = await startThread();
  thread.postMessage({ begin: 'send' });
  await untilActive(1);
  await thread.terminate();
  await untilActive(0);
  expect(ended).toEqual(['send failed _OTHER']);
});

it('counts no job of a thread whose end it would not see', async () => {
  const { ended, untilActive } = follow();
  const inner = JSON.stringify(
    THREAD.replace(
      "parentPort.postMessage('ready')",
      "parentPort.emit('message', { begin: 'inner' }), parentPort.postMessage('ready')",
    ),
  );
  const outer = new Thread(
    `
    const { Worker, parentPort } = require('node:worker_threads');
    new Worker(${inner}, { eval: true }).on('message', () => parentPort.postMessage('ready'));
  `,
    { eval: true },
  );
  undo.push(() => outer.terminate());
  await once(outer, 'message');
  const thread = await startThread();
  thread.postMessage({ begin: 'send' });
  await untilActive(1);
  thread.postMessage({ end: 'send', outcome: 'completed' });
  await untilActive(0);
  expect(ended).toEqual(['send completed null']);
});

it('counts jobs that began before anybody followed them', async () => {
  const thread = await startThread();
  for (const begin of ['send', 'sort']) thread.postMessage({ begin });
  thread.postMessage({ end: 'sort', outcome: 'completed' });
  const { ended, untilActive } = follow();
  await untilActive(1);
  expect(ended).toEqual(['sort completed null']);
});
