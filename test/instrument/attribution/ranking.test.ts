import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { type SplitName, seedsOf } from '../../../evaluation/attribution/plan.ts';
import { readRecording } from '../../../evaluation/attribution/recording.ts';
import { tidemark } from '../../../evaluation/attribution/replay.ts';
import { scoreOf, summaryOf } from '../../../evaluation/attribution/score.ts';
import { JobMonitor } from '../../../src/instrument/jobs/job-monitor.ts';
import { nativeMemory } from './native-memory.ts';

const MB = 1e6;

function summaryOfSplit(split: SplitName) {
  const paths = seedsOf(split).map((seed) =>
    fileURLToPath(new URL(`../../../evaluation/attribution/data/${seed}.json.gz`, import.meta.url)),
  );
  const recordings = paths.filter(existsSync).map(readRecording);
  return summaryOf(recordings.map((recording) => scoreOf(recording, tidemark(recording))));
}

describe('which job name makes a real worker grow', () => {
  it.each<[what: string, split: SplitName, expected: ReturnType<typeof summaryOf>]>([
    ['runs of 8 to 120 seconds', 'dev', { runs: 30, rightFirst: 28, medianFraction: 0.95, worstFraction: 0.25 }],
    ['runs of a few seconds', 'short', { runs: 24, rightFirst: 24, medianFraction: 0.9, worstFraction: 0.6 }],
    ['600 jobs of twenty names', 'twenty', { runs: 10, rightFirst: 10, medianFraction: 0.95, worstFraction: 0.78 }],
    ['jobs of the demo', 'demo', { runs: 6, rightFirst: 6, medianFraction: 0.9, worstFraction: 0.9 }],
    ['next to peaks that come back', 'peaks', { runs: 23, rightFirst: 21, medianFraction: 0.7, worstFraction: 0 }],
  ])('comes first, with most of the growth: %s', (_what, split, expected) => {
    const { runs, rightFirst, medianFraction, worstFraction } = summaryOfSplit(split);
    expect(runs).toBe(expected.runs);
    expect(rightFirst).toBeGreaterThanOrEqual(expected.rightFirst);
    expect(medianFraction).toBeGreaterThan(expected.medianFraction);
    expect(worstFraction).toBeGreaterThan(expected.worstFraction);
  });
});

describe('growth that V8 does not know of', () => {
  /** Two jobs at a time for `rounds`; `grows` returns what a job of a name adds to RSS, in bytes. */
  function play(pairs: readonly (readonly [string, string])[], rounds: number, grows: (name: string) => number) {
    const world = { rss: 0, now: 0 };
    const monitor = new JobMonitor({
      maxJobNames: 9,
      readMemory: () => nativeMemory(world.rss),
      nowMs: () => world.now,
      waitedMs: () => performance.nodeTiming.idleTime,
      onEnd: () => {},
    });
    for (let round = 0; round < rounds; round += 1) {
      const runs = (pairs[round % pairs.length] ?? []).map((name) => {
        const run = monitor.begin({ queue: 'q', name, sandbox: null });
        world.rss += grows(name);
        world.now += 50;
        return run;
      });
      for (const run of runs) {
        world.now += 50;
        monitor.end(run, 'completed');
      }
      world.now += 10;
    }
    const changes = monitor.takeNetChanges();
    return new Map(changes.map(({ attributes, netBytes }) => [String(attributes['bullmq.job.name']), netBytes]));
  }

  it('is charged to the name that ran whenever RSS rose', () => {
    const pairs = [
      ['native', 'quick'],
      ['quick', 'slow'],
      ['slow', 'native'],
    ] as const;
    const net = play(pairs, 300, (name) => (name === 'native' ? MB : 0));
    expect(net.get('native')).toBeGreaterThan(180 * MB);
  });

  it('is split between two names that always run together, and neither is blamed alone', () => {
    const net = play([['a', 'b']], 50, () => MB / 2);
    expect([...net.values()].reduce((sum, bytes) => sum + bytes, 0)).toBe(50 * MB);
    expect(Math.min(...net.values())).toBeGreaterThan(5 * MB);
  });
});
