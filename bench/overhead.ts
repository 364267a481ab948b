/**
 * What `tidemark/register` costs a worker: CPU per no-op job, bare against instrumented. `node bench/overhead.ts`
 *
 * Throughput scatters by several percent from run to run on a busy machine and cannot show a small cost; the CPU time of the worker's
 * process can. So: separate processes, bare and instrumented in turns, each pair compared with itself, medians over the pairs.
 */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Queue } from 'bullmq';

interface Load {
  readonly concurrency: number;
  readonly pairs: number;
  readonly warmUpJobs: number;
  readonly measuredJobs: number;
}

/** At concurrency 1 every job waits for Redis, so fewer of them take as long. */
const LOADS: readonly Load[] = [
  { concurrency: 50, pairs: 6, warmUpJobs: 15_000, measuredJobs: 25_000 },
  { concurrency: 1, pairs: 4, warmUpJobs: 6_000, measuredJobs: 8_000 },
];

interface Run {
  readonly cpuUsPerJob: number;
  readonly jobsPerSecond: number;
  readonly rssMiB: number;
}

export interface Overhead {
  readonly load: Load;
  /** Medians over the pairs. */
  readonly bareCpuUsPerJob: number;
  readonly cpuUsPerJob: number;
  readonly ratio: number;
  /** The middle half of the pairs' ratios. */
  readonly ratioQuartiles: readonly [number, number];
  readonly extraRssMiB: number;
}

/** Runs the bench against a Redis of its own; takes about a minute and a half. Needs `redis-server` on the PATH. */
export async function measureOverhead(): Promise<readonly Overhead[]> {
  const redisPort = await freePort();
  const redis = spawn('redis-server', ['--port', String(redisPort), '--save', '', '--appendonly', 'no'], {
    stdio: 'ignore',
  });
  const receiver = createServer((request, response) => {
    request.resume();
    request.on('end', () => response.writeHead(200, { 'content-type': 'application/json' }).end('{}'));
  }).listen(0, '127.0.0.1');
  try {
    await Promise.all([once(redis, 'spawn'), once(receiver, 'listening')]);
    const bench = { redisPort, receiverPort: (receiver.address() as AddressInfo).port };
    const results: Overhead[] = [];
    for (const load of LOADS) results.push(await compare(bench, load));
    return results;
  } finally {
    receiver.close();
    receiver.closeAllConnections();
    redis.kill();
  }
}

interface Bench {
  readonly redisPort: number;
  readonly receiverPort: number;
}

async function compare(bench: Bench, load: Load): Promise<Overhead> {
  const pairs: { bare: Run; instrumented: Run }[] = [];
  for (let index = 0; index < load.pairs; index++) {
    // Each goes first in every other pair.
    const first = await run(bench, load, index % 2 === 0);
    const second = await run(bench, load, index % 2 !== 0);
    pairs.push(index % 2 === 0 ? { instrumented: first, bare: second } : { instrumented: second, bare: first });
  }
  const ratios = pairs.map(({ bare, instrumented }) => instrumented.cpuUsPerJob / bare.cpuUsPerJob);
  return {
    load,
    bareCpuUsPerJob: quantile(
      0.5,
      pairs.map(({ bare }) => bare.cpuUsPerJob),
    ),
    cpuUsPerJob: quantile(
      0.5,
      pairs.map(({ instrumented }) => instrumented.cpuUsPerJob),
    ),
    ratio: quantile(0.5, ratios),
    ratioQuartiles: [quantile(0.25, ratios), quantile(0.75, ratios)],
    extraRssMiB: quantile(
      0.5,
      pairs.map(({ bare, instrumented }) => instrumented.rssMiB - bare.rssMiB),
    ),
  };
}

async function run({ redisPort, receiverPort }: Bench, load: Load, instrumented: boolean): Promise<Run> {
  await fill(redisPort, load.warmUpJobs + load.measuredJobs);
  const register = ['--import', new URL('../src/register.ts', import.meta.url).href];
  const script = fileURLToPath(new URL('overhead-worker.ts', import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, [...(instrumented ? register : []), script], {
    env: {
      ...process.env,
      REDIS_PORT: String(redisPort),
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${receiverPort}`,
      WARM_UP_JOBS: String(load.warmUpJobs),
      MEASURED_JOBS: String(load.measuredJobs),
      CONCURRENCY: String(load.concurrency),
    },
  });
  return JSON.parse(stdout) as Run;
}

async function fill(redisPort: number, count: number): Promise<void> {
  const queue = new Queue('overhead', { connection: { host: '127.0.0.1', port: redisPort } });
  for (let added = 0; added < count; added += 5000) {
    const size = Math.min(5000, count - added);
    await queue.addBulk(Array.from({ length: size }, () => ({ name: 'noop', data: {} })));
  }
  await queue.close();
}

async function freePort(): Promise<number> {
  const server = createTcpServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** The value below which that part of the numbers lies, between neighbours in proportion. */
function quantile(part: number, numbers: readonly number[]): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  const position = part * (sorted.length - 1);
  const below = sorted[Math.floor(position)] ?? Number.NaN;
  const above = sorted[Math.ceil(position)] ?? Number.NaN;
  return below + (above - below) * (position % 1);
}

function print(results: readonly Overhead[]): void {
  console.log(
    "CPU per no-op job, bare and with tidemark/register: process.cpuUsage of the worker's process after a warm-up, interleaved",
  );
  console.log('pairs of processes, a Redis of its own, a receiver that answers; medians.');
  for (const { load, bareCpuUsPerJob, cpuUsPerJob, ratio, ratioQuartiles, extraRssMiB } of results) {
    const [low, high] = ratioQuartiles.map((quartile) => quartile.toFixed(3));
    console.log(
      `  concurrency ${load.concurrency}, ${load.pairs} pairs of ${load.measuredJobs} jobs: bare ${bareCpuUsPerJob.toFixed(1)} us, ` +
        `instrumented ${cpuUsPerJob.toFixed(1)} us, ratio ${ratio.toFixed(3)} (middle half ${low} to ${high}), RSS +${extraRssMiB.toFixed(1)} MiB`,
    );
  }
}

if (import.meta.main) print(await measureOverhead());
