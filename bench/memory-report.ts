/**
 * What sampling allocations costs a worker while it lasts, and what reading the samples costs at its end.
 *
 *   node bench/memory-report.ts [--rounds 8] [--seconds 10] [--quick]
 *
 * In each round two fresh processes run side by side: real BullMQ workers with `tidemark/register`, one of which is
 * asked to sample, as the actuator asks it. CPU is `process.cpuUsage` over the jobs done in the same seconds, RSS is
 * read after garbage collections. Afterwards both are drained: the longest pause of the event loop shows what reading
 * the samples takes. Figures are medians over the rounds, with the lowest and the highest.
 */
import { parseArgs } from 'node:util';
import { Redis } from 'ioredis';
import { memoryQuestion, memoryReportKeyNames } from '../src/shared/memory-report-messages.ts';
import { startRedis } from '../src/testbed/servers/redis-server.ts';
import { type Figures, MeasuredWorker } from './memory-report/measured-worker.ts';
import { describeMachine } from './overhead/machine.ts';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '8' },
    seconds: { type: 'string', default: '10' },
    quick: { type: 'boolean', default: false },
  },
});
const rounds = values.quick ? 1 : Number(values.rounds);
const runMs = values.quick ? 1_000 : Number(values.seconds) * 1000;
const warmUpMs = values.quick ? 3_000 : 6_000;
const MIB = 2 ** 20;

const redisServer = await startRedis();
const redis = new Redis(redisServer.url);
console.log(`Measured on: ${describeMachine()}`);
if (values.quick) console.log('--quick: whether the benchmark works; these figures mean nothing.');
for (const allocates of [true, false]) {
  const pairs: (readonly [asked: Figures, alone: Figures])[] = [];
  for (let round = 0; round < rounds; round++) pairs.push(await runPair(allocates));
  print(allocates, pairs);
}
redis.disconnect();
await redisServer.stop();

async function runPair(allocates: boolean): Promise<readonly [Figures, Figures]> {
  const options = { redis, redisPort: redisServer.port, allocates, warmUpMs, runMs };
  const [asked, alone] = [new MeasuredWorker(options), new MeasuredWorker(options)];
  const names = memoryReportKeyNames(asked.boot);
  if (names === null) throw new Error('no keys');
  await redis.set(names.question, memoryQuestion(2 ** 40), 'PX', 600_000);
  try {
    const [one, other] = await Promise.all([asked.measure(), alone.measure()]);
    return [one, other];
  } finally {
    await Promise.all([asked.stop(), alone.stop()]);
  }
}

function print(allocates: boolean, pairs: readonly (readonly [Figures, Figures])[]): void {
  const of = (figure: (asked: Figures, alone: Figures) => number, digits: number) => {
    const sorted = pairs.map(([asked, alone]) => figure(asked, alone)).sort((a, b) => a - b);
    const [low, middle, high] = [sorted[0], sorted[Math.floor(sorted.length / 2)], sorted.at(-1)];
    return `${middle?.toFixed(digits)} (${low?.toFixed(digits)} to ${high?.toFixed(digits)})`;
  };
  console.log(
    `\n${allocates ? 'Jobs that allocate' : 'Jobs that do nothing'}, ${pairs.length} pairs of ${runMs / 1000} s`,
  );
  console.log(`  CPU per job, sampled / not     ${of((a, b) => a.cpuUsPerJob / b.cpuUsPerJob, 3)}`);
  console.log(`  jobs/s, sampled / not          ${of((a, b) => a.jobsPerSecond / b.jobsPerSecond, 3)}`);
  console.log(`  allocated by V8, MB/s          ${of((a) => a.allocatedPerSecond / MIB, 0)}`);
  console.log(`  RSS, sampled less not, MB      ${of((a, b) => (a.rssBytes - b.rssBytes) / MIB, 1)}`);
  console.log(`  RSS, not sampled, MB           ${of((_, b) => b.rssBytes / MIB, 0)}`);
  console.log(`  longest pause in the drain, ms ${of((a) => a.pauseMs, 0)}; not sampled ${of((_, b) => b.pauseMs, 0)}`);
}
