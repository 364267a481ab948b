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

/** Sends at a rate, whether there are answers or not; begins with as many as may wait, to be over it from the start. */
async function overload(rate: number): Promise<readonly Awaited<ReturnType<typeof flood>>[]> {
  const startMs = performance.now();
  const answers: Promise<Awaited<ReturnType<typeof flood>>>[] = [];
  let open = 0;
  const send = () => {
    open++;
    return flood(body).finally(() => open--);
  };
  const body = batch();
  for (let passedMs = 0; passedMs < OVERLOAD_MS; passedMs = performance.now() - startMs) {
    for (const due = 300 + (passedMs * rate) / 1000; answers.length < due && open < MAX_OPEN; ) answers.push(send());
    await delay(20);
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
    const answers = await overload(3 * rate);
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
    expect(await verdictOnShop()).toEqual(before);
  });
});
