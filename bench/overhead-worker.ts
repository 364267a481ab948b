/** One run of the overhead bench: a worker of no-op jobs that waits in the queue already. Prints its figures as a line of JSON. */
import { Worker } from 'bullmq';

const connection = { host: '127.0.0.1', port: Number(process.env.REDIS_PORT) };
const warmUpJobs = Number(process.env.WARM_UP_JOBS);
const measuredJobs = Number(process.env.MEASURED_JOBS);
const concurrency = Number(process.env.CONCURRENCY);

let ended = 0;
let cpuAtStart = process.cpuUsage();
let startedAtMs = performance.now();

const worker = new Worker('overhead', async () => {}, { connection, concurrency, removeOnComplete: { count: 0 } });
await new Promise<void>((resolve) => {
  worker.on('completed', () => {
    ended++;
    if (ended === warmUpJobs) {
      cpuAtStart = process.cpuUsage();
      startedAtMs = performance.now();
    }
    if (ended === warmUpJobs + measuredJobs) resolve();
  });
});
const { user, system } = process.cpuUsage(cpuAtStart);
const seconds = (performance.now() - startedAtMs) / 1000;
const rssMiB = process.memoryUsage.rss() / 1024 ** 2;
console.log(
  JSON.stringify({ cpuUsPerJob: (user + system) / measuredJobs, jobsPerSecond: measuredJobs / seconds, rssMiB }),
);
await worker.close();
process.exit(0);
