/**
 * What an actuator inside a worker costs that worker: memory and CPU of a worker that leads, and at the same time of
 * one with `register` alone. `npm run build && node bench/embedded.ts [seconds]`
 */
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { startDynoManager } from '../src/testbed/dyno-manager/manager.ts';
import { startRedis } from '../src/testbed/servers/redis-server.ts';

const REGISTER = new URL('../dist/cjs/register.js', import.meta.url).href;
const WORKER = fileURLToPath(new URL('../test/fixtures/embedded/worker.mjs', import.meta.url));
const SECONDS = Number(process.argv[2] ?? 120);
const WARM_UP_MS = 40_000;
const PAIRS = 3;
const MIB = 2 ** 20;
/** USER_HZ, the unit of /proc/PID/stat. */
const TICKS_PER_SECOND = 100;

interface Figures {
  readonly rssMb: number;
  readonly cpuSeconds: number;
}

function figuresOf(pid: number): Figures {
  const pages = Number(readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1]);
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return { rssMb: (pages * 4096) / MIB, cpuSeconds: (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND };
}

const token = 'HRKU-bench';
const redis = await startRedis();
const manager = await startDynoManager({ apps: [{ name: 'shop', formation: [] }], token });

function worker(dyno: string, env: Readonly<Record<string, string>>) {
  return spawn(process.execPath, ['--import', REGISTER, WORKER], {
    stdio: 'ignore',
    env: {
      PATH: process.env.PATH,
      DYNO: dyno,
      HEROKU_APP_NAME: 'shop',
      REDIS_URL: redis.url,
      HEROKU_API_URL: manager.url,
      HEROKU_API_TOKEN: token,
      TIDEMARK_TARGETS: '.:worker',
      ...env,
    },
  });
}

const differences: { readonly rssMb: number; readonly cpuShare: number }[] = [];
for (let pair = 0; pair < PAIRS; pair += 1) {
  const plain = worker('worker.2', { TIDEMARK_TRANSPORT: 'redis' });
  const leading = worker('worker.3', { TIDEMARK_EMBEDDED: 'true' });
  await delay(WARM_UP_MS);
  const pids = [plain.pid as number, leading.pid as number] as const;
  const before = pids.map(figuresOf);
  await delay(SECONDS * 1000);
  const after = pids.map(figuresOf);
  const cpu = after.map(({ cpuSeconds }, index) => (cpuSeconds - (before[index]?.cpuSeconds ?? 0)) / SECONDS);
  const [plainMb = 0, leadingMb = 0] = after.map(({ rssMb }) => rssMb);
  const [plainCpu = 0, leadingCpu = 0] = cpu;
  differences.push({ rssMb: leadingMb - plainMb, cpuShare: leadingCpu - plainCpu });
  console.log(
    `register alone: ${plainMb.toFixed(1)} MB, ${(100 * plainCpu).toFixed(2)} % of a core; ` +
      `with the actuator inside: ${leadingMb.toFixed(1)} MB, ${(100 * leadingCpu).toFixed(2)} %`,
  );
  plain.kill('SIGKILL');
  leading.kill('SIGKILL');
  await delay(10_000);
}
const median = (values: readonly number[]) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
console.log(
  `difference, median of ${PAIRS}: ${median(differences.map(({ rssMb }) => rssMb)).toFixed(1)} MB, ` +
    `${(100 * median(differences.map(({ cpuShare }) => cpuShare))).toFixed(2)} % of a core`,
);
await manager.stop();
await redis.stop();
