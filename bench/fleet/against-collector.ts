import { fileURLToPath } from 'node:url';
import { findCollector } from '../../src/testbed/servers/collector-binary.ts';
import { startRedis } from '../../src/testbed/servers/redis-server.ts';
import { BenchActuator } from './actuator.ts';
import { Batches, DATA_POINTS_PER_DYNO } from './batches.ts';
import { startNopCollector } from './collector.ts';
import { cpuMsOf, quantile, rssOf } from './cpu.ts';
import { startPlatform } from './platform.ts';
import { bodyOf, type Encoding, typeOf } from './sender.ts';

const MANIFEST = 'collector-manifest.yaml';
/** One request has 8,192 data points, as a Collector batches them. */
const DYNOS = 512;
const REQUESTS_PER_ROUND = 60;
const WARM_UP_ROUNDS = 4;
const ROUNDS = 9;
const STEP_MS = 1_000;

/**
 * CPU time for the same bytes: of the whole actuator, with detection, Redis and a platform, and of a Collector that
 * throws them away. In turns, so that what else runs on the machine disturbs both alike.
 */
export async function againstCollector(encoding: Encoding, nodeOptions: readonly string[]): Promise<string> {
  const binary = await findCollector({ manifest: fileURLToPath(new URL(MANIFEST, import.meta.url)) });
  if (binary === null) return `No Collector is built: run npm run build:collector -- bench/fleet/${MANIFEST}\n`;
  const redis = await startRedis();
  const platform = await startPlatform(1, DYNOS);
  const collector = await startNopCollector(binary);
  const env = {
    REDIS_URL: redis.url,
    HEROKU_API_URL: platform.url,
    HEROKU_API_TOKEN: 'bench',
    TIDEMARK_MAX_POINT_AGE: '2h',
  };
  const actuator = await BenchActuator.start(env, nodeOptions);
  try {
    await actuator.untilReady();
    const batches = await Batches.make(DYNOS);
    let timeMs = Date.now() - (WARM_UP_ROUNDS + ROUNDS) * REQUESTS_PER_ROUND * STEP_MS;
    const ours: number[] = [];
    const theirs: number[] = [];
    for (let round = -WARM_UP_ROUNDS; round < ROUNDS; round++) {
      const bodies: Uint8Array[] = [];
      for (let index = 0; index < REQUESTS_PER_ROUND; index++)
        bodies.push(await bodyOf({ actuator, batches, encoding, apps: 1 }, 0, timeMs + index * STEP_MS));
      timeMs += REQUESTS_PER_ROUND * STEP_MS;
      const type = typeOf(encoding);
      const ourMs = await cpuOf(actuator.pid, bodies, async (body) => (await actuator.send(body, type)).status);
      const theirMs = await cpuOf(collector.pid, bodies, (body) => collector.send(body, type));
      if (round < 0) continue;
      ours.push(ourMs);
      theirs.push(theirMs);
    }
    const points = REQUESTS_PER_ROUND * DYNOS * DATA_POINTS_PER_DYNO;
    const [our, their] = [quantile(ours, 0.5), quantile(theirs, 0.5)].map((ms) => (ms * 1000) / points);
    const mib = (pid: number) => Math.round(rssOf(pid) / 1024 ** 2);
    return (
      `${encoding} and gzip, ${DYNOS * DATA_POINTS_PER_DYNO} data points a request: ` +
      `actuator ${our?.toFixed(2)} µs a point (RSS ${mib(actuator.pid)} MiB), ` +
      `Collector ${their?.toFixed(2)} µs (RSS ${mib(collector.pid)} MiB): ` +
      `ratio ${((our ?? 0) / (their ?? 1)).toFixed(2)}\n`
    );
  } finally {
    await actuator.stop();
    await collector.stop();
    platform.close();
    await redis.stop();
  }
}

async function cpuOf(
  pid: number,
  bodies: readonly Uint8Array[],
  send: (body: Uint8Array) => Promise<number>,
): Promise<number> {
  const before = cpuMsOf(pid);
  for (const body of bodies) {
    const status = await send(body);
    if (status !== 200) throw new Error(`a batch was answered with ${status}`);
  }
  return cpuMsOf(pid) - before;
}
