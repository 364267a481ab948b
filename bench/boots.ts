import { defaultPolicy } from '../src/config/policy.ts';
import { decide } from '../src/decision/decide.ts';
import type { LedgerFacts } from '../src/decision/decide-input.ts';
import { type Boot, observe, openBoot } from '../src/detector/boot/boot.ts';
import type { Point } from '../src/model/point.ts';

/**
 * Bytes and time per boot for 100 to 100,000 boots: each is sampled every 10 s for half an hour of simulated time, and
 * all are judged once a simulated minute. One process, one core; memory, that of array buffers included, is measured
 * after full collections until it no longer shrinks. It sets --expose-gc itself.
 */
const BOOTS = [100, 1_000, 10_000, 100_000];
const SAMPLE_EVERY_S = 10;
const SIMULATED_S = 1800;
const MIB = 1024 ** 2;
const START_MS = 1_700_000_000_000;
const TARGET = { app: 'bench', processType: 'worker' };

const policy = defaultPolicy();
const boots: Boot[] = [];

function pointOf(index: number, second: number): Point {
  const usage = (150 + (index % 200) + ((second * (index % 7)) / 3600) * 10 + 8 * Math.sin(second / 40 + index)) * MIB;
  return {
    boot: {
      app: TARGET.app,
      dyno: `worker.${index}`,
      processType: 'worker',
      bootId: `boot-${index}`,
      bootIdSource: 'platform',
      startTimeMs: START_MS,
      release: 'v1',
    },
    processId: `process-${index}`,
    processRole: 'main',
    tuning: null,
    timeMs: START_MS + second * 1000,
    rssBytes: usage,
    treeResidentBytes: usage,
    treeSwapBytes: 0,
    limitBytes: 512 * MIB,
    heapUsedBytes: null,
    externalBytes: null,
    activeJobs: index % 3,
    completedJobs: null,
  };
}

function usedBytes(): number {
  const collect = (globalThis as { gc?: () => void }).gc;
  if (collect === undefined) throw new Error('run with --expose-gc');
  let bytes = Number.POSITIVE_INFINITY;
  for (let round = 0; round < 10; round += 1) {
    collect();
    const { heapUsed, arrayBuffers } = process.memoryUsage();
    const now = heapUsed + arrayBuffers;
    if (now > bytes - 100_000) return Math.min(now, bytes);
    bytes = now;
  }
  return bytes;
}

function judgeAll(nowMs: number): void {
  const ledger: LedgerFacts = {
    nowMs,
    open: null,
    cooldownUntilMs: 0,
    dryCooldownUntilMs: 0,
    sentLastHour: 0,
    heldUntilMs: 0,
    breakerOpenUntilMs: 0,
    paused: false,
    mayBeEvicted: false,
    spentBootIds: [],
    history: [],
    dryHistory: [],
    learnedFloorBytes: 150 * MIB,
    uselessRestarts: 0,
  };
  decide({
    boots: boots.map((boot) => ({ boot, facts: null })),
    ledgers: new Map([['bench:worker', ledger]]),
    nowMs,
    policy,
    permissions: { allowed: [TARGET], dryRun: false, ownApp: null },
    upCount: () => null,
  });
}

function measure(count: number): readonly string[] {
  boots.length = 0;
  const emptyBytes = usedBytes();
  let observeNs = 0n;
  let decideNs = 0n;
  let samples = 0;
  for (let second = 0; second < SIMULATED_S; second += SAMPLE_EVERY_S) {
    const points = Array.from({ length: count }, (_, index) => pointOf(index, second));
    const began = process.hrtime.bigint();
    for (const [index, point] of points.entries())
      boots[index] = observe(boots[index] ?? openBoot(point), point, policy);
    observeNs += process.hrtime.bigint() - began;
    samples += count;
    if (second % 60 !== 0) continue;
    const judged = process.hrtime.bigint();
    judgeAll(START_MS + second * 1000);
    decideNs += process.hrtime.bigint() - judged;
  }
  const ownBytes = usedBytes() - emptyBytes;
  const perJudgingNs = Number(decideNs) / (count * (SIMULATED_S / 60));
  const share = (ns: bigint) => `${((Number(ns) / 1e9 / SIMULATED_S) * 100).toFixed(2)} %`;
  return [
    String(count),
    `${(Number(observeNs) / samples).toFixed(0)} ns`,
    `${perJudgingNs.toFixed(0)} ns`,
    share(observeNs),
    share(observeNs + decideNs),
    `${(ownBytes / count / 1024).toFixed(2)} KiB`,
    `${(ownBytes / MIB).toFixed(1)} MiB`,
    `${(JSON.stringify(boots[0]).length / 1024).toFixed(1)} KiB`,
  ];
}

function main(): void {
  const head = [
    'boots',
    'a sample',
    'a judging',
    'of a core, folding',
    'and judging',
    'a boot',
    'all boots',
    'snapshot',
  ];
  const print = (cells: readonly string[]) =>
    process.stdout.write(`${cells.map((cell) => cell.padStart(20)).join('')}\n`);
  process.stdout.write(
    `A sample every ${SAMPLE_EVERY_S} s, all judged once a minute, for ${SIMULATED_S / 60} simulated minutes\n`,
  );
  print(head);
  for (const count of BOOTS) print(measure(count));
}

if ((globalThis as { gc?: () => void }).gc === undefined) {
  const { spawnSync } = await import('node:child_process');
  const { status } = spawnSync(process.execPath, ['--expose-gc', new URL(import.meta.url).pathname], {
    stdio: 'inherit',
  });
  process.exitCode = status ?? 1;
} else {
  main();
}
