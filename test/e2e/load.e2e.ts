import { afterAll, beforeAll, describe, expect, inject, it, vi } from 'vitest';
import { Recorder } from './recorder.ts';
import { World } from './world.ts';

const JOBS_PER_SECOND = 50;
const LOAD_S = 300;
const PATIENCE = { timeout: 60_000, interval: 500 };
const NET = 'sum(bullmq_job_memory_net_bytes{dyno="worker.1"})';
const USAGE = 'sum(process_memory_usage_bytes{dyno="worker.1"})';

/** Of ten jobs two keep memory, one needs much of it for a moment, and one fails. */
function jobsOf(second: number) {
  return Array.from({ length: JOBS_PER_SECOND }, (_, index) => {
    const opts = {
      delay: second * 1000 + (index * 1000) / JOBS_PER_SECOND,
      removeOnComplete: true,
      removeOnFail: true,
    };
    const kind = index % 10;
    if (kind < 2) return { name: 'keep', data: { bytes: 100_000, ms: 20 }, opts };
    if (kind === 2) return { name: 'peak', data: { bytes: 2_000_000, ms: 20 }, opts };
    return { name: kind === 3 ? 'fail' : 'quick', data: { ms: 5 + index }, opts };
  });
}

describe('five minutes of load', { timeout: (LOAD_S + 120) * 1000 }, () => {
  let world: World;
  let fromWorkers: Recorder;

  beforeAll(async () => {
    world = await World.start({
      redisUrl: `${inject('redisUrl')}/15`,
      dynos: 1,
      workersSendTo: async (url) => {
        fromWorkers = await Recorder.start(url);
        return fromWorkers.url;
      },
      actuatorEnv: { TIDEMARK_DRY_RUN: 'true' },
      workerEnv: { TIDEMARK_LIMIT: '512MiB' },
    });
  });
  afterAll(async () => {
    await world.stop();
    await fromWorkers.stop();
  });

  it('explains all growth: the sums over the job names are the growth of the process', async () => {
    const { prometheus } = world;
    const queue = world.queueOf('worker.1');
    await queue.add('quick', {});
    await vi.waitFor(async () => expect(await prometheus.queryOne(NET)).toEqual(expect.any(Number)), PATIENCE);
    const [netBefore, usageBefore] = [await prometheus.queryOne(NET), await prometheus.queryOne(USAGE)];
    for (let second = 0; second < LOAD_S; second++) await queue.addBulk(jobsOf(second));
    await vi.waitFor(
      async () => {
        const { active, delayed, waiting } = await queue.getJobCounts();
        expect((active ?? 0) + (delayed ?? 0) + (waiting ?? 0)).toBe(0);
      },
      { timeout: (LOAD_S + 60) * 1000, interval: 1_000 },
    );
    // The last export, and a scrape after it.
    const [netBytes, usageBytes] = await vi.waitFor(async () => {
      const both = [await prometheus.queryOne(NET), await prometheus.queryOne(USAGE)] as const;
      expect(await prometheus.queryOne('sum(bullmq_job_active{dyno="worker.1"})')).toBe(0);
      return both;
    }, PATIENCE);
    const grownBytes = usageBytes - usageBefore;
    const explained = (netBytes - netBefore) / grownBytes;
    console.log(
      `grew by ${(grownBytes / 1e6).toFixed(1)} MB, of which the job names explain ${(explained * 100).toFixed(2)} %`,
    );
    expect(grownBytes).toBeGreaterThan(200e6);
    expect(explained).toBeGreaterThan(0.95);
    expect(explained).toBeLessThan(1.05);
  });

  it('lost no data point between worker and actuator, and doubled none', async () => {
    const { prometheus, manager } = world;
    const total = 'sum(tidemark_ingest_data_points_total)';
    // Workers send no more.
    await manager.stop(5_000);
    await vi.waitFor(async () => expect(await prometheus.queryOne(total)).toBe(fromWorkers.dataPoints), PATIENCE);
    const results = await prometheus.query('sum by (tidemark_result) (tidemark_ingest_data_points_total) > 0');
    console.log(
      `${fromWorkers.dataPoints} data points sent by the worker; taken by the actuator: ` +
        `${JSON.stringify(results.map(({ labels, value }) => [labels.tidemark_result, value]))}`,
    );
    expect(results.map(({ labels }) => labels.tidemark_result).sort()).toEqual(['accepted', 'ignored']);
  });
});
