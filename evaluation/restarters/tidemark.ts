import { BREAKER_FRUITLESS, BREAKER_OPEN_MS, uselessInARow } from '../../src/attempt/breaker.ts';
import { defaultPolicy } from '../../src/config/policy.ts';
import { decide } from '../../src/decision/decide.ts';
import { decideEveryMs } from '../../src/decision/decide-every.ts';
import type { LedgerFacts } from '../../src/decision/decide-input.ts';
import { keepLearned, type LearnedBoot, normalBytesPerJob, normalFloor } from '../../src/decision/learned.ts';
import {
  type Boot,
  closedBuckets,
  noteLearned,
  observe,
  openBoot,
  postWarmupFloor,
} from '../../src/detector/boot/boot.ts';
import { learnableOf } from '../../src/detector/boot/learnable.ts';
import { soonBackAfterMs } from '../../src/detector/rules/assess.ts';
import type { DynoFacts } from '../../src/detector/rules/assessment.ts';
import type { Decision } from '../../src/model/decision.ts';
import type { Point } from '../../src/model/point.ts';
import type { Policy } from '../../src/model/policy.ts';
import { targetKey } from '../../src/model/target.ts';
import { type Judged, lastStepMs } from '../../src/replay/replay.ts';
import type { Candidate, Restarter, Sample } from '../restarter.ts';

const TARGET = { app: 'evaluation', processType: 'worker' };
const ONE_MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;

/** The detector and the policy of the service, with a ledger that remembers what Redis would. */
export const TIDEMARK = { name: 'Tidemark', start: () => new TidemarkRestarter(defaultPolicy()) } satisfies Candidate;

interface Sent {
  readonly atMs: number;
  readonly usageBytes: number | null;
  reclaimedBytes: number | null;
  backAfterMs: number | null;
}

class TidemarkRestarter implements Restarter {
  readonly #policy: Policy;
  #learned: readonly LearnedBoot[] = [];
  readonly #sent: Sent[] = [];
  #boot: Boot | null = null;
  #decision: Decision | null = null;
  #decidedAtMs = Number.NEGATIVE_INFINITY;

  constructor(policy: Policy) {
    this.#policy = policy;
  }

  observe(sample: Sample): boolean {
    const point = pointOf(sample);
    const known = this.#boot?.identity.bootId === sample.bootId ? this.#boot : null;
    const closedBefore = known === null ? -1 : closedBuckets(known);
    const boot = observe(known ?? openBoot(point), point, this.#policy);
    this.#boot = boot;
    const hasClosed = closedBuckets(boot) !== closedBefore;
    if (!hasClosed && !this.#isDue(sample.timeMs)) return false;
    this.#decidedAtMs = sample.timeMs;
    if (hasClosed) {
      this.#learn(boot, sample);
      noteLearned(boot, normalBytesPerJob(this.#learned, sample.timeMs));
    }
    this.#decision = this.#decide(boot, sample);
    this.#noteBackSoon(boot, sample);
    if (this.#decision?.action !== 'restart') return false;
    const { usageBytes } = this.#decision;
    this.#sent.push({ atMs: sample.timeMs, usageBytes, reclaimedBytes: null, backAfterMs: null });
    return true;
  }

  /** As often as the service, by the newest measurement. */
  #isDue(nowMs: number): boolean {
    const isWaiting = this.#decision?.reason === 'jobs-running';
    return isWaiting || nowMs - this.#decidedAtMs >= decideEveryMs(this.#policy.windowMs);
  }

  /** What the newest decision says. */
  explanation(): string {
    return this.#decision === null ? '' : `${this.#decision.reason}: ${this.#decision.explanation}`;
  }

  boot(): Boot | null {
    return this.#boot;
  }

  /** The newest moment in which it decided; null before the first. */
  judged(): Judged | null {
    if (this.#boot === null || this.#decision === null) return null;
    return { decision: this.#decision, stepMs: lastStepMs(this.#boot) };
  }

  className(): string {
    return this.#decision?.class ?? 'warming';
  }

  /**
   * As `actuator/restart/restart-outcomes.ts` does: what the boot after a restart shows is what the restart was good
   * for.
   */
  #learn(boot: Boot, sample: Sample): void {
    const last = this.#sent.at(-1);
    const isSuccessor = last !== undefined && last.atMs < sample.bootStartMs + ONE_MINUTE_MS;
    const floorBytes = postWarmupFloor(boot, this.#policy);
    if (floorBytes !== null && isSuccessor) last.reclaimedBytes ??= (last.usageBytes ?? 0) - floorBytes;
    const shown = learnableOf(boot, factsOf(sample), this.#policy);
    if (shown === null) return;
    const { dyno, bootId } = boot.identity;
    this.#learned = keepLearned(this.#learned, { ...shown, dyno, bootId, learnedAtMs: sample.timeMs, release: null });
  }

  #noteBackSoon(boot: Boot, sample: Sample): void {
    const last = this.#sent.at(-1);
    if (last === undefined || last.atMs > sample.bootStartMs + ONE_MINUTE_MS) return;
    const wantsRestart = this.#decision !== null && this.#decision.wanted !== null;
    const context = { nowMs: sample.timeMs, facts: factsOf(sample), wantsRestart };
    const backAfterMs = soonBackAfterMs(boot, context, this.#policy);
    if (backAfterMs === null || last.backAfterMs !== null) return;
    last.backAfterMs = backAfterMs;
    // The service finds it at one tick and decides by it at the next.
    this.#decision = this.#decide(boot, sample);
  }

  #decide(boot: Boot, sample: Sample): Decision | null {
    const nowMs = sample.timeMs;
    const lastMs = this.#sent.at(-1)?.atMs;
    const uselessRestarts = uselessInARow(this.#sent.toReversed());
    const ledger: LedgerFacts = {
      nowMs,
      open: null,
      cooldownUntilMs: lastMs === undefined ? 0 : lastMs + this.#policy.cooldownMs,
      dryCooldownUntilMs: 0,
      sentLastHour: this.#sent.filter(({ atMs }) => nowMs - atMs < HOUR_MS).length,
      heldUntilMs: 0,
      breakerOpenUntilMs: uselessRestarts >= BREAKER_FRUITLESS ? (lastMs ?? 0) + BREAKER_OPEN_MS : 0,
      paused: false,
      mayBeEvicted: false,
      spentBootIds: [],
      history: this.#sent
        .map(({ atMs, usageBytes }) => ({
          dyno: boot.identity.dyno,
          bootId: '',
          outcome: 'restarted' as const,
          closedAtMs: atMs,
          usageBytes,
        }))
        .reverse(),
      dryHistory: [],
      uselessRestarts,
      learnedFloorBytes: normalFloor(this.#learned, nowMs),
    };
    const [decision] = decide({
      boots: [{ boot, facts: factsOf(sample) }],
      ledgers: new Map([[targetKey(TARGET), ledger]]),
      nowMs,
      policy: this.#policy,
      permissions: { allowed: [TARGET], dryRun: false, ownApp: null },
      upCount: () => null,
    });
    return decision ?? null;
  }
}

function factsOf({ limitBytes, killBytes, bootStartMs }: Sample): DynoFacts {
  return { limitBytes, killBytes, createdAtMs: bootStartMs };
}

function pointOf(sample: Sample): Point {
  return {
    boot: {
      ...TARGET,
      dyno: 'worker.1',
      bootId: sample.bootId,
      bootIdSource: 'platform',
      startTimeMs: sample.bootStartMs,
      release: null,
    },
    processId: sample.bootId,
    processRole: 'main',
    tuning: null,
    timeMs: sample.timeMs,
    rssBytes: sample.rssBytes,
    treeResidentBytes: sample.rssBytes,
    treeSwapBytes: sample.swapBytes,
    limitBytes: sample.limitBytes,
    heapUsedBytes: null,
    externalBytes: null,
    activeJobs: sample.activeJobs,
    completedJobs: sample.completedJobs,
  };
}
