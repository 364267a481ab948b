import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { APP, RunningActuator } from '../integration/actuator/running-actuator.ts';
import { redisDatabase } from '../redis-databases.ts';
import { readAnswer } from '../sources/otlp/senders/otlp-answer-reader.ts';
import { type HostileJobs, manyJobs } from './hostile-bodies.ts';

/*
 * What one app's token says of jobs must not end an actuator on a small heap, nor shut out what another app says.
 */

const FLOOD = 'flood-t0ken';
const PATIENCE = { timeout: 30_000, interval: 100 };

let actuator: RunningActuator;

beforeAll(async () => {
  actuator = await RunningActuator.start({
    NODE_OPTIONS: '--max-old-space-size=256',
    REDIS_URL: redisDatabase('hostile measurements of jobs'),
    TIDEMARK_WINDOW: '10s',
    TIDEMARK_MAX_POINT_AGE: '10m',
    TIDEMARK_DRY_RUN: 'true',
    TIDEMARK_INGEST_TOKENS: `${APP}=shop-t0ken,flood=${FLOOD}`,
  });
}, 60_000);

afterAll(() => actuator.kill());

async function send(jobs: readonly HostileJobs[], token = FLOOD) {
  const response = await fetch(`${actuator.url}/v1/metrics`, {
    method: 'POST',
    headers: {
      'content-type': 'application/x-protobuf',
      'content-encoding': 'gzip',
      authorization: `Bearer ${token}`,
    },
    body: gzipSync(Buffer.concat(jobs.map((one) => manyJobs(one, Date.now()))), { level: 1 }),
  });
  return { status: response.status, rejected: (await readAnswer(response)).rejectedDataPoints };
}

/** A job name that nobody sent before is taken, and shown. */
async function expectJobsOfShop(word: string): Promise<void> {
  const sent = await send([{ app: APP, dyno: 'worker.1', count: 5, buckets: 0, word }], 'shop-t0ken');
  expect(sent).toEqual({ status: 200, rejected: 0 });
  await vi.waitFor(async () => {
    const { targets } = (await actuator.get('/api/jobs')) as {
      targets: { app: string; names_left_out: number; jobs: { name: string }[] }[];
    };
    const shop = targets.find(({ app }) => app === APP);
    expect(shop?.names_left_out).toBe(0);
    expect(shop?.jobs.map(({ name }) => name)).toContain(`${word}4`);
  }, PATIENCE);
}

describe('an actuator on a heap of 256 MiB shows the jobs of another app', { timeout: 120_000 }, () => {
  it('after histograms with long names and bounds of their own', async () => {
    const word = `\u6f22${'x'.repeat(990)}`;
    let rejected = 0;
    for (let round = 0; round < 15; round++) {
      const sent = await send([{ app: 'flood', dyno: `worker.${round}`, count: 3500, buckets: 160, word }]);
      expect(sent.status).toBe(200);
      rejected += sent.rejected;
    }
    expect(rejected).toBeGreaterThan(30_000);
    await expectJobsOfShop('after-histograms-');
  });

  it('after 70 boots with 4,000 names each', async () => {
    let rejected = 0;
    for (let round = 0; round < 7; round++) {
      const boots = Array.from({ length: 10 }, (_, index) => `worker.${100 + 10 * round + index}`);
      const sent = await send(boots.map((dyno) => ({ app: 'flood', dyno, count: 4000, buckets: 0, word: 'n' })));
      expect(sent.status).toBe(200);
      rejected += sent.rejected;
    }
    expect(rejected).toBeGreaterThan(250_000);
    await expectJobsOfShop('after-boots-');
  });
});
