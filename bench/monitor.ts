/**
 * What following a job costs by itself, without BullMQ and Redis: CPU of this thread per job, from begin to end. `node
 * bench/monitor.ts`
 *
 * The whole worker is measured by bench/overhead.ts; here it shows which part of the cost is ours. Of several rounds
 * the fastest counts, since other load on the machine only ever adds.
 */
import { createRequire } from 'node:module';
import type { MeterProvider as Provider } from '@opentelemetry/sdk-metrics';
import { Random } from '../evaluation/random.ts';
import { JobTables } from '../src/instrument/export/job-tables.ts';
import { Telemetry } from '../src/instrument/export/telemetry.ts';
import { JobMonitor } from '../src/instrument/jobs/job-monitor.ts';
import type { JobRun } from '../src/instrument/jobs/job-run.ts';
import { memoryReader } from '../src/instrument/memory/memory-reader.ts';
import { ownRssReader } from '../src/instrument/memory/own-memory.ts';

const ROUNDS = 7;
const JOBS = 100_000;
const EXPORTS = 41;

interface Cost {
  readonly what: string;
  readonly usPerJob: number;
}

/** CPU microseconds of this thread for each of `count` calls' worth of `work`. */
function cpuUsEach(count: number, work: () => void): number {
  const before = process.threadCpuUsage();
  work();
  const { user, system } = process.threadCpuUsage(before);
  return (user + system) / count;
}

function fastest(count: number, work: () => void): number {
  return Math.min(...Array.from({ length: ROUNDS }, () => cpuUsEach(count, work)));
}

/** A monitor whose jobs are recorded, as in a worker. */
function follower(provider: Provider | null) {
  const readMemory = memoryReader(ownRssReader());
  const tables = new JobTables();
  const monitor: JobMonitor = new JobMonitor({
    maxJobNames: 100,
    readMemory,
    nowMs: () => performance.now(),
    waitedMs: () => performance.nodeTiming.idleTime,
    onEnd: (end) => (provider === null ? tables.record(end) : telemetry.jobEnds(end)),
  });
  const telemetry = new Telemetry({ monitor, dynoMemory: null, limitBytes: null });
  if (provider !== null) telemetry.use(provider);
  return monitor;
}

/** Jobs of `names` names, `concurrency` at a time: one begins when the oldest one ends. */
function playJobs(monitor: JobMonitor, names: number, concurrency: number): void {
  const identities = Array.from({ length: names }, (_, name) => ({ queue: 'q', name: `job-${name}`, sandbox: null }));
  const running = new Array<JobRun | undefined>(concurrency);
  for (let job = 0; job < JOBS + concurrency; job += 1) {
    const place = job % concurrency;
    const run = running[place];
    if (run !== undefined) monitor.end(run, 'completed');
    running[place] = job < JOBS ? monitor.begin(identities[job % names] as (typeof identities)[0]) : undefined;
  }
  monitor.process();
}

function costs(): readonly Cost[] {
  const { MeterProvider, PeriodicExportingMetricReader, InMemoryMetricExporter } = createRequire(import.meta.url)(
    '@opentelemetry/sdk-metrics',
  ) as typeof import('@opentelemetry/sdk-metrics');
  const reader = () =>
    new PeriodicExportingMetricReader({ exporter: new InMemoryMetricExporter(0), exportIntervalMillis: 3_600_000 });
  const providers = [
    ["tables of Tidemark's own", () => null],
    ["instruments of the app's provider", () => new MeterProvider({ readers: [reader()] })],
  ] as const;
  return providers.flatMap(([into, provider]) =>
    [1, 50].flatMap((concurrency) =>
      [4, 100].map((names) => {
        const followed = follower(provider());
        return {
          what: `${into}, ${names} names, ${concurrency} at a time`,
          usPerJob: fastest(JOBS, () => playJobs(followed, names, concurrency)),
        };
      }),
    ),
  );
}

/**
 * Splits the net change among names, once per export with some hundred jobs since the last: median wall time, in ms.
 */
function partingMs(names: number): number {
  const random = new Random(1);
  let [rssBytes, nowMs] = [100e6, 0];
  const monitor = new JobMonitor({
    maxJobNames: names,
    readMemory: () => ({ rssBytes, heapBytes: 0, externalBytes: 0 }),
    nowMs: () => nowMs,
    waitedMs: () => performance.nodeTiming.idleTime,
    onEnd: () => {},
  });
  const running: JobRun[] = [];
  const play = (jobs: number) => {
    for (let job = 0; job < jobs; job += 1) {
      if (running.length === 10) monitor.end(running.splice(random.whole(0, 9), 1)[0] as JobRun, 'completed');
      const name = random.whole(0, names - 1);
      running.push(monitor.begin({ queue: 'q', name: `job-${name}`, sandbox: null }));
      nowMs += random.between(0, 10);
      rssBytes += Math.round(name % 10 === 0 ? random.between(0, 100_000) : random.between(-5000, 5000));
    }
  };
  play(10 * names);
  const tookMs = Array.from({ length: EXPORTS }, () => {
    play(500);
    const beganMs = performance.now();
    monitor.takeNetChanges();
    return performance.now() - beganMs;
  });
  return tookMs.sort((a, b) => a - b)[Math.trunc(EXPORTS / 2)] ?? 0;
}

for (const { what, usPerJob } of costs()) process.stdout.write(`${usPerJob.toFixed(2)} us a job: ${what}\n`);
for (const names of [4, 20, 100]) process.stdout.write(`${partingMs(names).toFixed(2)} ms an export: ${names} names\n`);
