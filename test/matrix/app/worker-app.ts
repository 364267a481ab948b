/**
 * A dyno's program: BullMQ workers that are sent over IPC what the application does to them, and report over IPC what
 * their jobs do.
 */
import { fileURLToPath } from 'node:url';
import { Worker } from 'bullmq';

export interface WorkerSpec {
  readonly queue: string;
  readonly concurrency?: number;
  readonly limiter?: { readonly max: number; readonly duration: number };
  readonly lockDuration?: number;
  readonly stalledInterval?: number;
  /** Its processor runs in a child process. */
  readonly sandboxed?: boolean;
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

const { REDIS_URL = '', WORKERS = '[]' } = process.env;
// Not every version takes a URL.
const { hostname: host, port } = new URL(REDIS_URL);
const connection = { host, port: Number(port), maxRetriesPerRequest: null };
const workers: Worker[] = [];
const held = new Set<() => void>();
let isReleased = false;

const report = (message: Report) => process.send?.(message);

async function work({ id = '', data }: { readonly id?: string | undefined; readonly data: JobData }): Promise<void> {
  report({ event: 'started', job: id });
  // As a long computation does, at no cost to the other processes of the test.
  if (data.blocks) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, data.ms);
  else if (data.ms !== undefined) await new Promise((resolve) => setTimeout(resolve, data.ms));
  else if (!isReleased) await new Promise<void>((resolve) => held.add(resolve));
  report({ event: 'ended', job: id });
}

function take({ queue, sandboxed = false, ...options }: WorkerSpec): void {
  const processor = sandboxed ? fileURLToPath(new URL('./processor.cjs', import.meta.url)) : work;
  const worker = new Worker(queue, processor, { connection, ...options });
  worker.on('error', (error) => console.error(error.message));
  worker.on('stalled', (job) => report({ event: 'stalled', job }));
  if (sandboxed) {
    worker.on('active', ({ id = '' }) => report({ event: 'started', job: id }));
    worker.on('completed', ({ id = '' }) => report({ event: 'ended', job: id }));
  }
  workers.push(worker);
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

process.on('disconnect', () => process.exit());
process.on('message', (request: Request) => {
  const { id } = request;
  answer(request).then(
    (value) => report({ event: 'reply', id, value }),
    (error: unknown) => report({ event: 'reply', id, error: String(error) }),
  );
});
for (const spec of JSON.parse(WORKERS) as readonly WorkerSpec[]) take(spec);
void Promise.all(workers.map((worker) => worker.waitUntilReady())).then(() => report({ event: 'ready' }));
