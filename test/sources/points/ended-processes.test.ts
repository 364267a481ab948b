import { describe, expect, it } from 'vitest';
import { BootRegistry } from '../../../src/actuator/boot-registry.ts';
import { defaultPolicy } from '../../../src/config/policy.ts';
import type { Boot } from '../../../src/detector/boot/boot.ts';
import { Intake } from '../../../src/sources/intake.ts';
import { createOtlpSource } from '../../../src/sources/otlp/otlp-http.ts';
import { encodeProtobuf } from '../otlp/senders/otlp-encoder.ts';
import { IDENTITY, metric, T0 } from '../otlp/senders/requests.ts';

const MB = 1_000_000;
const SECOND_MS = 1_000;

/**
 * A process that exports every `everyS` from one interval after its start on, and once more at its end where it
 * flushes. Seconds.
 */
interface Life {
  readonly id: string;
  readonly startS: number;
  readonly endS: number;
  readonly mb: number;
  readonly everyS?: number;
  readonly flushes?: boolean;
  /** As older workers: it does not say when it started. */
  readonly isSilentOfStart?: boolean;
  /** It reports the whole dyno. */
  readonly dynoMb?: number;
}

/** Sends what they export through the intake, and returns the dyno's usage after each point, in MB by second. */
async function usageOf(lives: readonly Life[]): Promise<ReadonlyMap<number, number>> {
  let nowMs = T0;
  const registry = new BootRegistry(defaultPolicy(60_000));
  const intake = new Intake({
    maxPointAgeMs: 120_000,
    clock: { now: () => nowMs },
    accept: (points) => registry.accept(points),
  });
  const { handle } = createOtlpSource({ tokens: [], ready: () => true, intake });
  const exports = lives.flatMap((life) => {
    const { startS, endS, everyS = 10, flushes = false } = life;
    const count = Math.floor((endS - startS) / everyS);
    const times = Array.from({ length: count }, (_, index) => startS + (index + 1) * everyS);
    return (flushes ? [...times, endS] : times).map((second) => ({ life, second }));
  });
  exports.sort((a, b) => a.second - b.second);
  const usage = new Map<number, number>();
  for (const { life, second } of exports) {
    nowMs = T0 + second * SECOND_MS;
    const { 'tidemark.process.start_time': _, ...identity } = IDENTITY;
    const started = { 'tidemark.process.start_time': new Date(T0 + life.startS * SECOND_MS).toISOString() };
    const attributes = {
      ...identity,
      'tidemark.process.id': life.id,
      ...(life.isSilentOfStart ? {} : started),
    };
    const dyno = { 'tidemark.memory.state': 'resident' };
    const metrics = [
      metric('process.memory.usage', life.mb * MB, undefined, nowMs),
      ...(life.dynoMb === undefined ? [] : [metric('tidemark.dyno.memory.usage', life.dynoMb * MB, dyno, nowMs)]),
    ];
    await handle(
      new Request('http://127.0.0.1/v1/metrics', {
        method: 'POST',
        headers: { 'content-type': 'application/x-protobuf' },
        body: encodeProtobuf([{ attributes, scopes: [metrics] }]),
      }),
      '127.0.0.1',
    );
    const boot = registry.entries()[0]?.boot as Boot;
    usage.set(second, (boot.usageBytes ?? 0) / MB);
  }
  return usage;
}

const highest = (usage: ReadonlyMap<number, number>, fromS = 0) =>
  Math.max(...[...usage].filter(([second]) => second >= fromS).map(([, mb]) => mb));

describe('a process that is gone', () => {
  it.each([
    ['that says when it started', false],
    ['of an older worker', true],
  ])('does not count next to its successor, %s', async (_, isSilentOfStart) => {
    const usage = await usageOf([
      { id: 'before', startS: 0, endS: 305, mb: 370, isSilentOfStart },
      { id: 'after', startS: 306, endS: 600, mb: 150, isSilentOfStart },
    ]);
    expect(highest(usage)).toBe(370);
    expect(usage.get(316)).toBe(150);
  });

  it.each([
    ['with one export each', 10.4, false, false],
    ['of older workers with one export each', 10.4, false, true],
    ['that end before an export, and flush', 3, true, false],
  ])('does not count in a crash loop of 10 s, %s', async (_, livesS, flushes, isSilentOfStart) => {
    const lives = Array.from({ length: 30 }, (_unused, index): Life => {
      const startS = index * (livesS + 0.6);
      return { id: `crash-${index}`, startS, endS: startS + livesS, mb: 300, flushes, isSilentOfStart };
    });
    const stable: Life = { id: 'stable', startS: 0, endS: 400, mb: 79 };
    expect(highest(await usageOf([stable, ...lives]))).toBe(379);
  });

  it('has no successor, and counts no longer than two of its own intervals and a half', async () => {
    const usage = await usageOf([
      { id: 'stays', startS: 0, endS: 600, mb: 100, everyS: 5 },
      { id: 'ends', startS: 2, endS: 203, mb: 200 },
    ]);
    expect(usage.get(225)).toBe(300);
    expect(usage.get(230)).toBe(100);
  });

  it('is replaced at once as the reporter of the whole dyno, by its successor or a sibling', async () => {
    const usage = await usageOf([
      { id: 'first', startS: 0, endS: 104, mb: 100, dynoMb: 350 },
      { id: 'sibling', startS: 1, endS: 105, mb: 90 },
      { id: 'takes over', startS: 2, endS: 300, mb: 90, dynoMb: 260 },
    ]);
    expect(usage.get(100)).toBe(350);
    expect(usage.get(102)).toBe(260);
    expect(highest(usage)).toBe(350);
  });
});

describe('processes that run', () => {
  it('all count in a rolling reload, while they overlap', async () => {
    const usage = await usageOf([
      { id: 'old', startS: 0, endS: 130, mb: 200 },
      { id: 'new', startS: 95, endS: 400, mb: 120 },
    ]);
    expect([105, 110, 115, 120, 125, 130].map((second) => usage.get(second))).toEqual(Array(6).fill(320));
    expect(usage.get(165)).toBe(120);
  });

  it.each([
    ['that say when they started', false],
    ['of older workers, once each was heard of twice', true],
  ])('all count when they export once a minute, at different times, %s', async (_, isSilentOfStart) => {
    const usage = await usageOf(
      [0, 13, 29, 44].map((startS, index) => {
        return { id: `slow-${index}`, startS, endS: 900, mb: 100, everyS: 60, isSilentOfStart };
      }),
    );
    const settled = [...usage].filter(([second]) => second >= (isSilentOfStart ? 164 : 104)).map(([, mb]) => mb);
    expect(new Set(settled)).toEqual(new Set([400]));
  });

  it('count again when they are heard of after a silence', async () => {
    const blocked: Life = { id: 'blocked', startS: 0, endS: 61, mb: 300 };
    const usage = await usageOf([
      { id: 'other', startS: 0, endS: 300, mb: 50, everyS: 5 },
      blocked,
      // The same process, after a job that let nothing else run for a minute.
      { ...blocked, startS: 110, endS: 200, isSilentOfStart: true },
    ]);
    expect(usage.get(90)).toBe(50);
    expect(usage.get(125)).toBe(350);
  });

  it('count by the dyno-wide figure alone when one reports it', async () => {
    const usage = await usageOf([
      { id: 'reports', startS: 0, endS: 100, mb: 100, dynoMb: 180 },
      { id: 'other', startS: 3, endS: 100, mb: 95 },
    ]);
    expect(new Set(usage.values())).toEqual(new Set([180]));
  });
});
