import { type Boot, observe, openBoot } from '../src/core/boot.ts';
import { decide, type LedgerFacts } from '../src/core/decide.ts';
import type { Point } from '../src/core/point.ts';
import { defaultPolicy } from '../src/core/policy.ts';

/**
 * Bytes and time per boot for 10,000 boots: each is sampled every 10 s for half an hour of simulated time, and all are judged once a simulated
 * minute. One process, one core; the heap is measured after full collections until it no longer shrinks. Needs --expose-gc, which it gives itself.
 */
const BOOTS = 10_000;
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

function usedHeapBytes(): number {
  const collect = (globalThis as { gc?: () => void }).gc;
  if (collect === undefined) throw new Error('run with --expose-gc');
  let bytes = Number.POSITIVE_INFINITY;
  for (let round = 0; round < 10; round += 1) {
    collect();
    const now = process.memoryUsage().heapUsed;
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
    spentBootIds: [],
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

function main(): void {
  const emptyBytes = usedHeapBytes();
  let observeNs = 0n;
  let decideNs = 0n;
  let samples = 0;
  for (let second = 0; second < SIMULATED_S; second += SAMPLE_EVERY_S) {
    const points = Array.from({ length: BOOTS }, (_, index) => pointOf(index, second));
    const began = process.hrtime.bigint();
    for (const [index, point] of points.entries())
      boots[index] = observe(boots[index] ?? openBoot(point), point, policy);
    observeNs += process.hrtime.bigint() - began;
    samples += BOOTS;
    if (second % 60 !== 0) continue;
    const judged = process.hrtime.bigint();
    judgeAll(START_MS + second * 1000);
    decideNs += process.hrtime.bigint() - judged;
  }
  const heapBytes = (usedHeapBytes() - emptyBytes) / BOOTS;
  const snapshotBytes = JSON.stringify(boots[0]).length;
  const perSampleNs = Number(observeNs) / samples;
  const perJudgingNs = Number(decideNs) / (BOOTS * (SIMULATED_S / 60));
  const cpuShare = (Number(observeNs + decideNs) / 1e9 / SIMULATED_S) * 100;
  const line = (name: string, value: string) => process.stdout.write(`${name.padEnd(34)} ${value}\n`);
  line('boots, samples each', `${BOOTS}, ${samples / BOOTS} (every ${SAMPLE_EVERY_S} s for ${SIMULATED_S / 60} min)`);
  line('time per sample (observe)', `${perSampleNs.toFixed(0)} ns`);
  line('time per boot and judging (decide)', `${perJudgingNs.toFixed(0)} ns, once a minute`);
  line('of one core, all boots', `${cpuShare.toFixed(2)} %`);
  line('heap per boot', `${(heapBytes / 1024).toFixed(1)} KiB`);
  line('snapshot per boot (JSON)', `${(snapshotBytes / 1024).toFixed(1)} KiB`);
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
