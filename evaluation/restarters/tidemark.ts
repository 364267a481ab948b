import { type Boot, closedBuckets, observe, openBoot, postWarmupFloor } from '../../src/core/boot.ts';
import { BREAKER_FRUITLESS, BREAKER_OPEN_MS, gaveNothingBack } from '../../src/core/breaker.ts';
import { decide, type LedgerFacts } from '../../src/core/decide.ts';
import type { Decision } from '../../src/core/decision.ts';
import { learnedFloor } from '../../src/core/learned-floor.ts';
import type { Point } from '../../src/core/point.ts';
import { defaultPolicy, type Policy } from '../../src/core/policy.ts';
import { targetKey } from '../../src/core/target.ts';
import type { Candidate, Restarter, Sample } from '../restarter.ts';

const TARGET = { app: 'evaluation', processType: 'worker' };
const HOUR_MS = 3_600_000;
const FLOORS_KEPT = 8;

/** The detector and the policy of the service, with a ledger that remembers what Redis would. */
export const TIDEMARK: Candidate = { name: 'Tidemark', start: () => new TidemarkRestarter(defaultPolicy()) };

interface Sent {
  readonly atMs: number;
  readonly usageBytes: number | null;
  gaveNothing: boolean | null;
}

class TidemarkRestarter implements Restarter {
  readonly #policy: Policy;
  readonly #floors = new Map<string, number>();
  readonly #sent: Sent[] = [];
  #boot: Boot | null = null;
  #decision: Decision | null = null;

  constructor(policy: Policy) {
    this.#policy = policy;
  }

  observe(sample: Sample): boolean {
    const point = pointOf(sample);
    const before = this.#boot?.identity.bootId === sample.bootId ? this.#boot : null;
    const boot = observe(before ?? openBoot(point), point, this.#policy);
    this.#boot = boot;
    if (before !== null && closedBuckets(before) === closedBuckets(boot)) return false;
    this.#learn(boot);
    this.#decision = this.#decide(boot, sample);
    if (this.#decision?.action !== 'restart') return false;
    this.#sent.push({ atMs: sample.timeMs, usageBytes: this.#decision.usageBytes, gaveNothing: null });
    return true;
  }

  className(): string {
    return this.#decision?.class ?? 'warming';
  }

  #learn(boot: Boot): void {
    const floorBytes = postWarmupFloor(boot, this.#policy);
    if (floorBytes === null || this.#floors.has(boot.identity.bootId)) return;
    this.#floors.set(boot.identity.bootId, floorBytes);
    const last = this.#sent.at(-1);
    if (last === undefined || last.gaveNothing !== null) return;
    last.gaveNothing = gaveNothingBack((last.usageBytes ?? 0) - floorBytes, last.usageBytes);
  }

  #decide(boot: Boot, sample: Sample): Decision | null {
    const nowMs = sample.timeMs;
    const lastMs = this.#sent.at(-1)?.atMs;
    const fruitless = this.#sent.slice(-BREAKER_FRUITLESS);
    const isOpen = fruitless.length === BREAKER_FRUITLESS && fruitless.every(({ gaveNothing }) => gaveNothing === true);
    const ledger: LedgerFacts = {
      nowMs,
      open: null,
      cooldownUntilMs: lastMs === undefined ? 0 : lastMs + this.#policy.cooldownMs,
      dryCooldownUntilMs: 0,
      sentLastHour: this.#sent.filter(({ atMs }) => nowMs - atMs < HOUR_MS).length,
      heldUntilMs: 0,
      breakerOpenUntilMs: isOpen ? (lastMs ?? 0) + BREAKER_OPEN_MS : 0,
      paused: false,
      spentBootIds: [],
      learnedFloorBytes: learnedFloor([...this.#floors.values()].slice(-FLOORS_KEPT)),
    };
    const [decision] = decide({
      boots: [
        {
          boot,
          facts: { limitBytes: sample.limitBytes, killBytes: sample.killBytes, createdAtMs: sample.bootStartMs },
        },
      ],
      ledgers: new Map([[targetKey(TARGET), ledger]]),
      nowMs,
      policy: this.#policy,
      permissions: { allowed: [TARGET], dryRun: false, ownApp: null },
      upCount: () => null,
    });
    return decision ?? null;
  }
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
