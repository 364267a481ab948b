/**
 * What a data point costs when one, two or three actuators share a topic: a real Kafka, the real Collector in front of
 * it, a real Redis, and one request every ten seconds for each 250 dynos.
 *
 *   node bench/kafka.ts [--dynos 5000] [--minutes 1] [--actuators 1,2,3,1]
 *
 * CPU is that of all threads of the actuators together, from /proc. One actuator is measured again at the end: by how
 * much its two figures differ says how much the others mean. Each warms up for five minutes first.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { startRedis } from '../src/testbed/servers/redis-server.ts';
import { KafkaPipeline } from '../test/e2e/kafka/kafka-pipeline.ts';
import { BenchActuator } from './fleet/actuator.ts';
import { Batches, DATA_POINTS_PER_DYNO } from './fleet/batches.ts';
import { cpuMsOf } from './fleet/cpu.ts';
import { startPlatform } from './fleet/platform.ts';
import { PERIOD_MS, type Sending, sendFor } from './fleet/sender.ts';

const DYNOS_OF_APP = 250;
const PARTITIONS = 24;
/**
 * Joining, and compiling: for some minutes V8 compiles in threads of its own what runs often. Each process does that
 * once, so several would seem dearer than they are.
 */
const WARM_UP_MS = 30 * PERIOD_MS;

const { values: options } = parseArgs({
  options: {
    dynos: { type: 'string', default: '5000' },
    minutes: { type: 'string', default: '1' },
    actuators: { type: 'string', default: '1,2,3,1' },
  },
});
const apps = Math.ceil(Number(options.dynos) / DYNOS_OF_APP);
const redis = await startRedis();
const platform = await startPlatform(apps, DYNOS_OF_APP);
const kafka = await KafkaPipeline.start({ partitions: PARTITIONS });
const collector: Sending['actuator'] = {
  send: async (body) => {
    await kafka.sendBytes(Uint8Array.from(body), { 'content-encoding': 'gzip' });
    return { status: 200, bytes: 0, tookMs: 0, retryAfter: undefined };
  },
};
const sending: Sending = {
  actuator: collector,
  batches: await Batches.make(DYNOS_OF_APP),
  encoding: 'protobuf',
  apps,
};

try {
  let first: number | null = null;
  for (const count of options.actuators.split(',').map(Number)) {
    const microseconds = await measure(count);
    first ??= microseconds;
    const ratio = (microseconds / first).toFixed(2);
    process.stdout.write(`${count} actuators: ${microseconds.toFixed(2)} µs of CPU a data point (${ratio} times)\n`);
  }
} finally {
  await kafka.stop();
  platform.close();
  await redis.stop();
}

async function measure(count: number): Promise<number> {
  const actuators = await Promise.all(Array.from({ length: count }, start));
  try {
    await Promise.all(actuators.map((actuator) => actuator.untilReady()));
    await sendFor(sending, WARM_UP_MS);
    const before = cpuOf(actuators);
    const requests = await sendFor(sending, Number(options.minutes) * 60_000);
    await delay(1_000);
    const spentMs = cpuOf(actuators) - before;
    const held = await Promise.all(actuators.map(ownDynos));
    process.stdout.write(`  dynos by actuator: ${held.join(', ')}\n`);
    return (spentMs * 1000) / (requests * DYNOS_OF_APP * DATA_POINTS_PER_DYNO);
  } finally {
    await Promise.all(actuators.map((actuator) => actuator.stop()));
  }
}

function start(): Promise<BenchActuator> {
  const env = {
    ...kafka.actuatorEnv,
    REDIS_URL: redis.url,
    HEROKU_API_URL: platform.url,
    HEROKU_API_TOKEN: 'bench',
  };
  return BenchActuator.start(env, [], false);
}

function cpuOf(actuators: readonly BenchActuator[]): number {
  return actuators.reduce((sum, { pid }) => sum + cpuMsOf(pid), 0);
}

/** How many dynos an actuator holds itself. */
async function ownDynos(actuator: BenchActuator): Promise<number> {
  const { actuators } = (await actuator.json('/api/status')) as {
    actuators: readonly { readonly answers: boolean; readonly dynos: number }[];
  };
  return actuators.find(({ answers }) => answers)?.dynos ?? Number.NaN;
}
