import { setTimeout as delay } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { APP, RunningActuator } from '../integration/actuator/running-actuator.ts';
import { redisDatabase } from '../redis-databases.ts';
import { manyBoots } from './hostile-bodies.ts';

/*
 * One app sends three times as much as the actuator can take, whatever that is on this machine. Another app's
 * measurements are taken all the while, and its dyno is judged as before.
 */

const FLOOD = 'flood-t0ken';
const PATIENCE = { timeout: 30_000, interval: 100 };
const MEASURED_MS = 3_000;
/** By hand for longer: `OVERLOAD_SECONDS=300 npx vitest run test/attacks/overload.test.ts`. */
const OVERLOAD_MS = Number(process.env.OVERLOAD_SECONDS ?? 20) * 1000;
/** Enough for the actuator never to wait for a request. */
const SENDERS_MEASURED = 4;

let actuator: RunningActuator;

beforeAll(async () => {
  actuator = await RunningActuator.start({
    NODE_OPTIONS: '--max-old-space-size=256',
    REDIS_URL: redisDatabase('more measurements than it can take'),
    TIDEMARK_WINDOW: '10s',
    TIDEMARK_MAX_POINT_AGE: '10m',
    TIDEMARK_DRY_RUN: 'true',
    TIDEMARK_INGEST_TOKENS: `${APP}=ingest-t0ken,flood=${FLOOD}`,
  });
  await vi.waitFor(async () => expect(await sendOfShop()).toBe(200), PATIENCE);
}, 60_000);

afterAll(() => actuator.kill());

function sendOfShop(): Promise<number> {
  return actuator.send({ name: 'worker.1', id: 'real' }, [{ timeMs: Date.now(), usageMb: 100 }]);
}

/** The same dynos again and again: they stay within what is kept. */
function batch(): Uint8Array<ArrayBuffer> {
  const boots = manyBoots(250, Date.now(), (index) => ({
    app: 'flood',
    dyno: `worker.${index}`,
    bootId: `boot-${index}`,
  }));
  return gzipSync(boots, { level: 1 });
}

async function flood(body: Uint8Array<ArrayBuffer>) {
  const headers = {
    'content-type': 'application/x-protobuf',
    'content-encoding': 'gzip',
    authorization: `Bearer ${FLOOD}`,
  };
  const response = await fetch(`${actuator.url}/v1/metrics`, { method: 'POST', headers, body });
  await response.arrayBuffer();
  return { status: response.status, retryAfter: response.headers.get('retry-after') };
}

/** Requests in a second, where each sender waits for its answer. */
async function measureRate(): Promise<number> {
  const body = batch();
  const endMs = performance.now() + MEASURED_MS;
  let taken = 0;
  const senders = Array.from({ length: SENDERS_MEASURED }, async () => {
    while (performance.now() < endMs) {
      if ((await flood(body)).status === 200) taken++;
    }
  });
  await Promise.all(senders);
  return (taken * 1000) / MEASURED_MS;
}

/** Far more than may wait, and far fewer than the connections beyond which the actuator closes some unanswered. */
const MAX_OPEN = 400;

const STEP_MS = 5_000;

/**
 * Sends three times what is taken, whether there are answers or not; begins with as many as may wait, to be over it
 * from the start. What is taken is counted on the way: on a machine that others use, it changes.
 *
 * @param rate requests in a second that were taken before
 */
async function overload(rate: number): Promise<readonly Awaited<ReturnType<typeof flood>>[]> {
  const startMs = performance.now();
  const answers: Promise<Awaited<ReturnType<typeof flood>>>[] = [];
  const body = batch();
  let [open, taken, due] = [0, 0, 300];
  const send = async () => {
    open++;
    const answer = await flood(body);
    open--;
    if (answer.status === 200) taken++;
    return answer;
  };
  for (let stepMs = startMs; stepMs - startMs < OVERLOAD_MS; stepMs = performance.now()) {
    const perMs = (3 * rate) / 1000;
    const takenBefore = taken;
    for (let lastMs = stepMs; lastMs - stepMs < STEP_MS; ) {
      const nowMs = performance.now();
      due += (nowMs - lastMs) * perMs;
      lastMs = nowMs;
      while (answers.length < due && open < MAX_OPEN) answers.push(send());
      await delay(20);
    }
    rate = Math.max(rate, ((taken - takenBefore) * 1000) / STEP_MS);
  }
  return Promise.all(answers);
}

async function verdictOnShop() {
  const verdict = (await actuator.get(`/api/dynos/${APP}/worker.1`)) as Record<string, unknown>;
  return { bootId: verdict.boot_id, class: verdict.class, action: verdict.action, reason: verdict.reason };
}

describe('an actuator on a heap of 256 MiB that gets three times the load it can take', {
  timeout: 160_000 + OVERLOAD_MS,
}, () => {
  it('sheds with 503, takes and judges another app as before, and takes all again soon after', async () => {
    await vi.waitFor(async () => expect((await verdictOnShop()).action).toBeDefined(), PATIENCE);
    const before = await verdictOnShop();
    const rate = await measureRate();
    let isOver = false;
    const statusesOfShop: number[] = [];
    const shop = (async () => {
      while (!isOver) {
        statusesOfShop.push(await sendOfShop());
        await delay(500);
      }
    })();
    const answers = await overload(rate);
    // Awaited, not measured: what is waiting must be worked off, and the next request taken, within this time.
    await vi.waitFor(async () => expect((await flood(batch())).status).toBe(200), { timeout: 5_000, interval: 50 });
    isOver = true;
    await shop;
    const refused = answers.filter(({ status }) => status !== 200);
    expect(refused.length).toBeGreaterThan(answers.length / 4);
    expect(new Set(refused.map(({ status }) => status))).toEqual(new Set([503]));
    expect(refused.every(({ retryAfter }) => Number(retryAfter) > 0)).toBe(true);
    expect(new Set(statusesOfShop)).toEqual(new Set([200]));
    expect(statusesOfShop.length).toBeGreaterThan(3);
    const after = await verdictOnShop();
    // Only after minutes its warm-up may be over.
    const hasWarmedUp = OVERLOAD_MS >= 60_000 && after.class !== 'warming';
    expect(after).toEqual(hasWarmedUp ? { ...before, class: 'healthy', reason: 'no-growth' } : before);
  });
});
