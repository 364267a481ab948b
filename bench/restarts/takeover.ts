import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import { createRedisState } from '../../src/adapters/redis/state.ts';
import { drainKeyNames } from '../../src/shared/drain-messages.ts';
import { APP, type RunningActuator } from '../../test/integration/actuator/running-actuator.ts';
import { type Setting, startSetting, until } from './setting.ts';

const GROWING = fileURLToPath(new URL('../../test/chaos/worker-app.ts', import.meta.url));
const WINDOW_S = 4;
const TYPE = 'worker';
const DYNO = `${TYPE}.1`;
const TARGET = { app: APP, processType: TYPE };
/** 512 MB is the limit, 410 MB the soft one. */
const GROW_TIMES = 10;
const GROW_BYTES = 36e6;
/** A worker with free places would have taken a job long before. */
const UNTAKEN_MS = 1_500;
const LEDGER_POLICY = { cooldownMs: 1_000, maxRestartsPerHour: 1_000, holdMs: 0 };

export interface TakeoverResult {
  readonly windowSeconds: number;
  /** From the kill of the leader to its successor's claim. */
  readonly claimSeconds: readonly number[];
  /** How often the successor knew the boot from before the kill. */
  readonly knownFromBefore: number;
  /** From the kill of all actuators during a drain to the next job that the stopped worker took. */
  readonly jobSeconds: readonly number[];
}

export async function takeovers({ count }: { readonly count: number }): Promise<TakeoverResult> {
  const claimSeconds: number[] = [];
  const jobSeconds: number[] = [];
  let knownFromBefore = 0;
  for (let number = 0; number < count; number++) {
    const one = await takeover();
    claimSeconds.push(one.claimSeconds);
    jobSeconds.push(one.jobSeconds);
    if (one.knownFromBefore) knownFromBefore += 1;
  }
  return { windowSeconds: WINDOW_S, claimSeconds, knownFromBefore, jobSeconds };
}

async function takeover() {
  const env = {
    TIDEMARK_GRACE: '60s',
    TIDEMARK_WINDOW: `${WINDOW_S}s`,
    TIDEMARK_COOLDOWN: '1s',
    // Earlier growth would count as the process's warm-up.
    TIDEMARK_MIN_UPTIME: `${10 * WINDOW_S}s`,
  };
  const setting = await startSetting({ types: [TYPE], actuators: 2, env, exportEveryMs: 500, program: GROWING });
  const queue = new Queue(DYNO, { connection: { url: setting.redis.url } });
  const redis = new Redis(setting.redis.url);
  const state = createRedisState({ url: setting.redis.url, policy: LEDGER_POLICY });
  try {
    await state.untilAvailable(10_000);
    const leader = await leaderOf(setting);
    const successor = setting.actuators.find((one) => one !== leader);
    if (successor === undefined) throw new Error('there is no second actuator');
    const paused = await leader.cli('pause');
    if (paused.code !== 0) throw new Error(`could not pause: ${paused.stderr}`);
    await untilReason(leader, (reason) => reason !== 'warming-up');
    for (let grown = 0; grown < GROW_TIMES; grown++) await queue.add('grow', { bytes: GROW_BYTES, ms: 500 });
    await untilReason(leader, (reason) => reason === 'paused');

    // A job that is longer than the test keeps the drain waiting, so that the second kill falls into it.
    await queue.add('long', { ms: 30_000 });
    const killedAtMs = Date.now();
    await leader.kill();
    await state.ledger.resume(null);
    await until('the successor claims', async () => (await state.ledger.read(TARGET)).open !== null);
    const claimSeconds = (Date.now() - killedAtMs) / 1000;
    const row = await rowOf(successor);
    const knownFromBefore = row !== null && row.first_point_ms < killedAtMs;

    const bootId = setting.manager.dynos().find(({ name }) => name === DYNO)?.dynoId ?? '';
    const keys = drainKeyNames({ app: TARGET.app, bootId });
    await until('the worker is asked to stop', async () => (await redis.exists(keys?.question ?? '')) === 1);
    await until('the worker has stopped', async () => (await redis.hlen(keys?.answers ?? '')) === 1);
    const job = await queue.add('probe', { ms: 0 });
    const done = async () => (await redis.hget('done', `${DYNO}/${job.id}`)) !== null;
    await delay(UNTAKEN_MS);
    if (await done()) throw new Error('the worker took a job though it had stopped');
    const allKilledAtMs = Date.now();
    await successor.kill();
    await until('the worker takes jobs again', done);
    return { claimSeconds, knownFromBefore, jobSeconds: (Date.now() - allKilledAtMs) / 1000 };
  } finally {
    redis.disconnect();
    await queue.close();
    await state.close();
    await setting.stop();
  }
}

async function leaderOf({ actuators }: Setting): Promise<RunningActuator> {
  for (;;) {
    for (const actuator of actuators) {
      const { leading } = (await actuator.get('/readyz')) as { leading: boolean };
      if (leading) return actuator;
    }
  }
}

interface Row {
  readonly reason: string;
  readonly first_point_ms: number;
}

async function rowOf(actuator: RunningActuator): Promise<Row | null> {
  const { dynos } = (await actuator.get('/api/dynos')) as { dynos: readonly Row[] };
  return dynos[0] ?? null;
}

/** Waits until the decision on the dyno has that reason. */
function untilReason(actuator: RunningActuator, isIt: (reason: string) => boolean): Promise<void> {
  return until('the decision', async () => {
    const row = await rowOf(actuator);
    return row !== null && isIt(row.reason);
  });
}
