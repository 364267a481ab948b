/**
 * What a fleet costs: the whole service in a process of its own, a real Redis, a platform over HTTP, and one request
 * every ten seconds for each 250 dynos, as a Collector sends them. Then the same bytes through the Go Collector.
 *
 *   npm run bench:fleet -- [--dynos 1000,10000] [--encoding protobuf,json] [--history 10] [--minutes 2]
 *                          [--against] [--watched] [--node-options="--cpu-prof"]
 *
 * CPU is that of all threads of a process, from /proc, in parts of one core; what else runs on the machine does not
 * count in it. It counts in the answering times, and in how long the event loop stood by the wall clock; how long a
 * turn of the loop took by CPU time is printed next to it. `--history` are the minutes that the boots have behind them
 * when measuring begins. `--against` skips the fleets. `--watched`: a page is open, which reads the stream of events
 * and asks for the status.
 */
import { parseArgs } from 'node:util';
import { startRedis } from '../src/testbed/servers/redis-server.ts';
import { BenchActuator } from './fleet/actuator.ts';
import { againstCollector } from './fleet/against-collector.ts';
import { Batches, DATA_POINTS_PER_DYNO } from './fleet/batches.ts';
import { cpuMsOf, peakRssOf, quantile, rssOf } from './fleet/cpu.ts';
import { startPlatform } from './fleet/platform.ts';
import { type Encoding, PERIOD_MS, type Sending, sendFor, sendHistory } from './fleet/sender.ts';

const DYNOS_OF_APP = 250;
const WARM_UP_MS = 3 * PERIOD_MS;
const ASK_HEALTH_EVERY_MS = 100;
const ASK_PAGE_EVERY_MS = 3_000;
const ASK_STATUS_EVERY_MS = 5_000;
const MIB = 1024 ** 2;

const { values: options } = parseArgs({
  options: {
    dynos: { type: 'string', default: '1000,10000' },
    encoding: { type: 'string', default: 'protobuf,json' },
    history: { type: 'string', default: '10' },
    minutes: { type: 'string', default: '2' },
    against: { type: 'boolean', default: false },
    watched: { type: 'boolean', default: false },
    'node-options': { type: 'string', default: '' },
  },
});
const nodeOptions = options['node-options'].split(' ').filter((option) => option !== '');
const encodings = options.encoding.split(',') as Encoding[];

if (!options.against) {
  for (const encoding of encodings)
    for (const dynos of options.dynos.split(',').map(Number)) await measure(dynos, encoding);
}
for (const encoding of encodings) process.stdout.write(await againstCollector(encoding, nodeOptions));

async function measure(dynos: number, encoding: Encoding): Promise<void> {
  const apps = Math.ceil(dynos / DYNOS_OF_APP);
  const redis = await startRedis();
  const platform = await startPlatform(apps, DYNOS_OF_APP);
  const actuator = await BenchActuator.start(
    {
      REDIS_URL: redis.url,
      HEROKU_API_URL: platform.url,
      HEROKU_API_TOKEN: 'bench',
      TIDEMARK_MAX_POINT_AGE: '2h',
    },
    nodeOptions,
  );
  try {
    await actuator.untilReady();
    const sending: Sending = { actuator, batches: await Batches.make(DYNOS_OF_APP), encoding, apps };
    await sendHistory(sending, Number(options.history) * 60_000);
    await sendFor(sending, WARM_UP_MS);
    platform.takeCalls();
    await actuator.probe();
    const before = { ours: cpuMsOf(actuator.pid), redis: cpuMsOf(redis.pid) };
    const startMs = performance.now();
    const asked = askMeanwhile(actuator);
    const refused: number[] = [];
    const requests = await sendFor({ ...sending, refused }, Number(options.minutes) * 60_000);
    const { health, page, status, streamedBytes } = await asked.stop();
    const tookMs = performance.now() - startMs;
    const oursMs = cpuMsOf(actuator.pid) - before.ours;
    const redisMs = cpuMsOf(redis.pid) - before.redis;
    const probe = await actuator.probe();
    const core = (ms: number) => (ms / tookMs).toFixed(3);
    const mib = (bytes: number) => `${Math.round(bytes / MIB)} MiB`;
    const { total } = (await actuator.json('/api/dynos?limit=1')) as { total: number };
    process.stdout.write(
      [
        `${total} dynos, ${encoding} and gzip, ${requests} requests of ` +
          `${DYNOS_OF_APP * DATA_POINTS_PER_DYNO} data points, ` +
          `${refused.length} of them refused${refused.length === 0 ? '' : `: ${[...new Set(refused)].join(', ')}`}`,
        `  CPU: actuator ${core(oursMs)} of a core, Redis ${core(redisMs)}; ` +
          `${((oursMs * 1000) / (requests * DYNOS_OF_APP)).toFixed(1)} µs a dyno and measurement`,
        `  memory: RSS ${mib(rssOf(actuator.pid))} (peak ${mib(peakRssOf(actuator.pid))}), heap used ` +
          `${mib(probe.heapUsedBytes)}, outside of it ${mib(probe.externalBytes)}; Redis ${mib(rssOf(redis.pid))}`,
        `  event loop still for at most ${Math.round(probe.longestWallMs)} ms ` +
          `(one turn: ${Math.round(probe.longestCpuMs)} ms of CPU)`,
        `  /healthz: median ${quantile(health, 0.5).toFixed(1)} ms, p99 ${quantile(health, 0.99).toFixed(1)} ms; ` +
          `/api/dynos, 100 a page: median ${quantile(page, 0.5).toFixed(1)} ms, ` +
          `p99 ${quantile(page, 0.99).toFixed(1)} ms`,
        ...(options.watched
          ? [
              `  /api/status: median ${quantile(status, 0.5).toFixed(1)} ms, ` +
                `most ${quantile(status, 1).toFixed(1)} ms; stream of events: ${mib(streamedBytes)}`,
            ]
          : []),
        `  platform calls: ${Math.round((platform.takeCalls() * 3_600_000) / tookMs)} an hour`,
        '',
      ].join('\n'),
    );
  } finally {
    await actuator.stop();
    platform.close();
    await redis.stop();
  }
}

/** What people and health checks ask while measurements come in; the answering times in ms. */
function askMeanwhile(actuator: BenchActuator) {
  const health: number[] = [];
  const page: number[] = [];
  const status: number[] = [];
  const every = (ms: number, path: string, times: number[]) =>
    setInterval(() => void actuator.get(path).then(({ tookMs }) => times.push(tookMs)), ms);
  const timers = [
    every(ASK_HEALTH_EVERY_MS, '/healthz', health),
    every(ASK_PAGE_EVERY_MS, '/api/dynos?limit=100', page),
  ];
  if (options.watched) timers.push(every(ASK_STATUS_EVERY_MS, '/api/status', status));
  const stream = options.watched ? actuator.watch() : null;
  return {
    stop: async () => {
      for (const timer of timers) clearInterval(timer);
      return { health, page, status, streamedBytes: (await stream?.stop()) ?? 0 };
    },
  };
}
