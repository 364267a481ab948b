/**
 * A dyno's program: BullMQ workers that are sent over IPC what the application does to them, and report over IPC what
 * their jobs do.
 */
import { fileURLToPath } from 'node:url';
import { isMainThread, parentPort, Worker as Thread } from 'node:worker_threads';
import { Worker } from 'bullmq';

export interface WorkerSpec {
  readonly queue: string;
  readonly concurrency?: number;
  readonly limiter?: { readonly max: number; readonly duration: number };
  readonly lockDuration?: number;
  readonly stalledInterval?: number;
  /** Where its processor runs, if not in this thread. */
  readonly sandboxed?: 'process' | 'thread';
  /** Whether the application fetches its jobs itself, one after the other. */
  readonly byHand?: boolean;
  /** Whether it waits for the application's `run()`. */
  readonly autorun?: boolean;
}

export interface JobData {
  /** How long the job takes; without it, until the test says `release`. */
  readonly ms?: number;
  /** Whether it holds up the event loop meanwhile. */
  readonly blocks?: boolean;
}

export type Call = 'pause' | 'resume' | 'close' | 'run' | 'release' | 'states' | 'add-worker';

export interface Request {
  readonly id: number;
  readonly call: Call;
  readonly worker: number;
  readonly spec?: WorkerSpec;
}

export type Report =
  | { readonly event: 'ready' }
  | { readonly event: 'started' | 'ended' | 'stalled'; readonly job: string }
  | { readonly event: 'reply'; readonly id: number; readonly value?: unknown; readonly error?: string };

const { REDIS_URL = '', WORKERS = '[]', IN_THREAD = '' } = process.env;
// Not every version takes a URL.
const { hostname: host, port } = new URL(REDIS_URL);
const connection = { host, port: Number(port), maxRetriesPerRequest: null };
const workers: Worker[] = [];
const held = new Set<() => void>();
let isReleased = false;

const report = (message: Report) => (isMainThread ? process.send?.(message) : parentPort?.postMessage(message));

interface Work {
  readonly id?: string | undefined;
  readonly data: JobData;
}

async function work({ id = '', data }: Work): Promise<void> {
  report({ event: 'started', job: id });
  // As a long computation does, at no cost to the other processes of the test.
  if (data.blocks) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, data.ms);
  else if (data.ms !== undefined) await new Promise((resolve) => setTimeout(resolve, data.ms));
  else if (!isReleased) await new Promise<void>((resolve) => held.add(resolve));
  report({ event: 'ended', job: id });
}

function take({ queue, sandboxed, byHand = false, ...options }: WorkerSpec): void {
  const file = fileURLToPath(new URL('./processor.cjs', import.meta.url));
  const processor = byHand ? null : sandboxed === undefined ? work : file;
  const worker = new Worker(queue, processor, { connection, ...options, useWorkerThreads: sandboxed === 'thread' });
  worker.on('error', (error) => console.error(error.message));
  worker.on('stalled', (job) => report({ event: 'stalled', job }));
  if (byHand) void fetchByHand(worker);
  if (sandboxed !== undefined) {
    worker.on('active', ({ id = '' }) => report({ event: 'started', job: id }));
    worker.on('completed', ({ id = '' }) => report({ event: 'ended', job: id }));
  }
  workers.push(worker);
}

async function fetchByHand(worker: Worker): Promise<void> {
  const token = 'by-hand';
  while (worker.closing === undefined) {
    const job = await worker.getNextJob(token);
    if (job === undefined) continue;
    await work(job);
    await job.moveToCompleted('done', token, false);
  }
}

async function answer({ call, worker, spec }: Request): Promise<unknown> {
  if (call === 'add-worker') return spec && take(spec);
  if (call === 'states') return workers.map((one) => ({ paused: one.isPaused(), running: one.isRunning() }));
  if (call === 'release') {
    isReleased = true;
    for (const end of held) end();
    return undefined;
  }
  await workers[worker]?.[call]();
  return undefined;
}

function begin(): void {
  const requests = parentPort ?? process;
  requests.on('message', (request: Request) => {
    const { id } = request;
    answer(request).then(
      (value) => report({ event: 'reply', id, value }),
      (error: unknown) => report({ event: 'reply', id, error: String(error) }),
    );
  });
  for (const spec of JSON.parse(WORKERS) as readonly WorkerSpec[]) take(spec);
  void Promise.all(workers.map((worker) => worker.waitUntilReady())).then(() => report({ event: 'ready' }));
}

/** The thread is the program; this one only passes messages on. */
function beginInThread(): void {
  const thread = new Thread(new URL(import.meta.url));
  thread.on('message', report);
  process.on('message', (request) => thread.postMessage(request));
}

process.on('disconnect', () => process.exit());
if (isMainThread && IN_THREAD !== '') beginInThread();
else begin();
