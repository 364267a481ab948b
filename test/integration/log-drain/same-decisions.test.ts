import { readFileSync, writeFileSync } from 'node:fs';
import { gunzipSync, gzipSync } from 'node:zlib';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { Point } from '../../../src/model/point.ts';
import { readHerokuLog } from '../../../src/replay/heroku-log.ts';
import { replay, replayPoints } from '../../../src/replay/replay.ts';
import { startRedis } from '../../../src/testbed/servers/redis-server.ts';
import { createReceivers, decisionsOf, type OtlpBody, otlpRequest, REPLAY, startReceiver } from './both-ways.ts';
import { startThreeApps } from './three-apps.ts';

const MIB = 2 ** 20;
const RECORDED = new URL('recorded/', import.meta.url);
const DYNOS = ['worker.1', 'sidekiq.1', 'web.1'];
const AFTERWARDS_MS = 5_000;
const RESTARTED = ['sidekiq.1', 'worker.1'];

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

describe('a log drain of a BullMQ worker, of a job runner in another language, and of a web dyno', () => {
  it('replays to the decisions of the same run over OTLP', { timeout: 120_000 }, async () => {
    const receiver = await startReceiver();
    cleanups.push(receiver.close);
    const redis = await startRedis();
    cleanups.push(() => redis.stop());
    const bodies: string[] = [];
    const onBody = (body: string) => void bodies.push(body);
    const apps = await startThreeApps({ url: receiver.url, redisUrl: redis.url, onBody });
    cleanups.push(() => apps.stop());
    const recording = () => readHerokuLog(bodies.join(''), 'drain');
    await vi.waitFor(
      () => {
        expect(decisionsOf(replayPoints(receiver.byOtlp, REPLAY))).toEqual(RESTARTED);
        expect(decisionsOf(replay(recording().rows, REPLAY, () => undefined))).toEqual(RESTARTED);
      },
      { timeout: 80_000, interval: 1_000 },
    );
    // A recording that ends with the decision would be too short for a detector that takes a moment longer.
    const untilMs = lastMs(recording().rows) + AFTERWARDS_MS;
    await vi.waitFor(() => expect(lastMs(recording().rows)).toBeGreaterThan(untilMs), { timeout: 30_000 });
    await apps.stop();
    receiver.settle();

    const overOtlp = replayPoints(receiver.byOtlp, REPLAY);
    const { rows, quotaErrors } = recording();
    const recorded = replay(rows, REPLAY, () => undefined);
    expect(decisionsOf(overOtlp)).toEqual(RESTARTED);
    expect(decisionsOf(recorded)).toEqual(decisionsOf(overOtlp));
    expect(decisionsOf(replayPoints(receiver.byLog, REPLAY))).toEqual(decisionsOf(overOtlp));

    // Every sample came once, although frames were repeated, and so did each R14.
    expect(receiver.byLog).toHaveLength(rows.length);
    expect(receiver.errors.map(({ dyno, code, timeMs }) => ({ dyno, code, timeMs }))).toEqual(quotaErrors);
    expect(new Set(quotaErrors.map(({ dyno }) => dyno))).toEqual(new Set(RESTARTED));
    sameMemory(receiver.byLog, receiver.byOtlp);
    if (process.env.RECORD === 'true') record(bodies, receiver.otlpBodies);
  });

  it('replays to them from the recording of such a run, which is kept', async () => {
    const drain = unzipped('drain.txt.gz');
    const otlpBodies = JSON.parse(unzipped('otlp.json.gz')) as readonly OtlpBody[];
    let nowMs = 0;
    const { otlp, byOtlp, settle } = createReceivers(() => nowMs);
    for (const { atMs, type, base64 } of otlpBodies) {
      nowMs = atMs;
      expect((await otlp.handle(otlpRequest(type, Buffer.from(base64, 'base64')), '127.0.0.1')).status).toBe(200);
    }
    settle();
    const { rows, quotaErrors } = readHerokuLog(drain, 'drain.txt');
    expect(new Set(rows.map(({ dyno }) => dyno))).toEqual(new Set(DYNOS));
    expect(decisionsOf(replayPoints(byOtlp, REPLAY))).toEqual(RESTARTED);
    expect(decisionsOf(replay(rows, REPLAY, () => undefined))).toEqual(RESTARTED);
    expect(new Set(quotaErrors.map(({ dyno }) => dyno))).toEqual(new Set(RESTARTED));
    // A real worker of BullMQ was among them: it counts its own jobs, which no log does.
    const jobs = byOtlp.filter(({ boot }) => boot.dyno === 'worker.1').map(({ completedJobs }) => completedJobs ?? 0);
    expect(Math.max(...jobs)).toBeGreaterThan(20);
  });
});

/** `RECORD=true npx vitest run test/integration/log-drain/same-decisions.test.ts` makes the recording again. */
function record(bodies: readonly string[], otlpBodies: readonly OtlpBody[]): void {
  writeFileSync(new URL('drain.txt.gz', RECORDED), gzipSync(bodies.join(''), { level: 9 }));
  writeFileSync(new URL('otlp.json.gz', RECORDED), gzipSync(JSON.stringify(otlpBodies), { level: 9 }));
}

function lastMs(rows: readonly { readonly timeMs: number }[]): number {
  return rows.at(-1)?.timeMs ?? 0;
}

function unzipped(file: string): string {
  return gunzipSync(readFileSync(new URL(file, RECORDED))).toString();
}

/** The same memory, whoever measured it. A worker that measures itself leaves out the pages that dynos here share. */
function sameMemory(byLog: readonly Point[], byOtlp: readonly Point[]): void {
  for (const [dyno, withinMb] of [
    ['worker.1', 60],
    ['sidekiq.1', 12],
    ['web.1', 12],
  ] as const)
    expect(Math.abs(peakMb(byLog, dyno) - peakMb(byOtlp, dyno)), dyno).toBeLessThan(withinMb);
}

function peakMb(points: readonly Point[], dyno: string): number {
  const own = points.filter(({ boot }) => boot.dyno === dyno);
  return Math.max(...own.map((point) => (point.treeResidentBytes ?? 0) + (point.treeSwapBytes ?? 0))) / MIB;
}
