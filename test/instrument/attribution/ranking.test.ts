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
  const scores = seedsOf(split).map((seed) => {
    const path = fileURLToPath(new URL(`../../../evaluation/attribution/data/${seed}.json.gz`, import.meta.url));
    const recording = readRecording(path);
    return scoreOf(recording, tidemark(recording));
  });
  return summaryOf(scores);
}

describe('which job name makes a real worker grow', () => {
  it('names the right one first in at least nine of ten runs of 8 to 120 seconds', () => {
    const { runs, rightFirst, medianFraction } = summaryOfSplit('dev');
    expect(runs).toBe(30);
    expect(rightFirst).toBeGreaterThanOrEqual(27);
    expect(medianFraction).toBeGreaterThan(0.9);
  });

  it('names the right one first in every run of a few seconds, with most of the growth', () => {
    const { runs, rightFirst, medianFraction, worstFraction } = summaryOfSplit('short');
    expect(runs).toBe(24);
    expect(rightFirst).toBe(24);
    expect(medianFraction).toBeGreaterThan(0.9);
    expect(worstFraction).toBeGreaterThan(0.5);
  });
});

describe('growth that V8 does not know of', () => {
  /** Two jobs at a time for `rounds`; `grows` tells what a job of a name adds to RSS, in bytes. */
  function play(pairs: readonly (readonly [string, string])[], rounds: number, grows: (name: string) => number) {
    const world = { rss: 0, now: 0 };
    const monitor = new JobMonitor({
      maxJobNames: 9,
      readMemory: () => nativeMemory(world.rss),
      nowMs: () => world.now,
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
