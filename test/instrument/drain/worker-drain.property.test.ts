import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { aProcess, KEY_LIFE_MS, pass } from './drained-process.ts';

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

type Step =
  | { readonly kind: 'key'; readonly attempt: string | null }
  | { readonly kind: 'redis'; readonly answers: boolean }
  | { readonly kind: 'time'; readonly ms: number }
  | { readonly kind: 'app'; readonly does: 'pause' | 'resume' | 'close' | 'start'; readonly worker: number }
  | { readonly kind: 'new'; readonly runs: boolean };

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constant('key' as const), attempt: fc.constantFrom(null, 'first', 'second', 'third') }),
  fc.record({ kind: fc.constant('redis' as const), answers: fc.boolean() }),
  fc.record({ kind: fc.constant('time' as const), ms: fc.nat({ max: 5_000 }) }),
  fc.record({
    kind: fc.constant('app' as const),
    does: fc.constantFrom('pause' as const, 'resume' as const, 'close' as const),
    worker: fc.nat({ max: 4 }),
  }),
  fc.record({ kind: fc.constant('new' as const), runs: fc.boolean() }),
);

const ONE_RUNS: Step = { kind: 'new', runs: true };

describe('whatever happens', () => {
  it('11 s without the key every worker is as the application wants it', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
        const { redis, FakeWorker, drain, takes } = aProcess();
        const workers: { worker: InstanceType<typeof FakeWorker>; wanted: 'runs' | 'paused' | 'never-started' }[] = [];
        const happen = async (now: Step) => {
          if (now.kind === 'key') redis.attemptId = now.attempt;
          if (now.kind === 'redis') redis.answers = now.answers;
          if (now.kind === 'time') await pass(now.ms);
          if (now.kind === 'new') {
            const worker = new FakeWorker();
            if (now.runs) void worker.run();
            workers.push({ worker, wanted: now.runs ? 'runs' : 'never-started' });
          }
          const one = now.kind === 'app' ? workers[now.worker] : undefined;
          if (now.kind !== 'app' || one === undefined || one.worker.closing) return;
          if (now.does === 'close') void one.worker.close();
          else if (one.wanted !== 'never-started') {
            void one.worker[now.does === 'pause' ? 'pause' : 'resume']();
            one.wanted = now.does === 'pause' ? 'paused' : 'runs';
          }
        };
        for (const now of [ONE_RUNS, ONE_RUNS, ...steps]) await happen(now);
        redis.attemptId = null;
        await pass(KEY_LIFE_MS + 1_000);
        for (const { worker, wanted } of workers) {
          expect(await takes(worker)).toBe(wanted === 'runs' && !worker.closing);
          if (worker.closing) continue;
          if (wanted === 'never-started') expect(worker.runs).toBe(0);
          else expect(worker.isPaused() ? 'paused' : 'runs').toBe(wanted);
        }
        drain.stop();
      }),
      { numRuns: 500 },
    );
  });
});
