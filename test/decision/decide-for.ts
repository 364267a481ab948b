import { defaultPolicy } from '../../src/config/policy.ts';
import { decide } from '../../src/decision/decide.ts';
import type { DecideInput, LedgerFacts } from '../../src/decision/decide-input.ts';
import { type Boot, noteLimit, observe, openBoot } from '../../src/detector/boot/boot.ts';
import type { DynoFacts } from '../../src/detector/rules/assessment.ts';
import type { Decision } from '../../src/model/decision.ts';
import type { ListedDyno, Listing } from '../../src/model/listing.ts';
import type { Permissions, Policy } from '../../src/model/policy.ts';
import { MIB } from '../detector/curves.ts';

export const WINDOW_MS = 1000;
export const START_MS = 1_700_000_000_000;
const policy = defaultPolicy(WINDOW_MS);
export const TARGET = { app: 'shop', processType: 'worker' };
export const facts: DynoFacts = { limitBytes: 512 * MIB, killBytes: 1024 * MIB, createdAtMs: START_MS };

/** Five points a window, on a dyno whose quota the platform gives as 512 MiB. Each job ends within the window. */
export function bootOf(
  usageMb: (window: number) => number,
  windows: number,
  changes: { dyno?: string; app?: string | null; activeJobs?: number; limitBytes?: number } = {},
): Boot {
  const { dyno = 'worker.1', app = 'shop', activeJobs = 0, limitBytes = null } = changes;
  const identity = {
    app,
    dyno,
    processType: 'worker',
    bootId: `${dyno}-boot`,
    bootIdSource: 'platform' as const,
    startTimeMs: START_MS,
    release: null,
  };
  let boot: Boot | null = null;
  for (let index = 0; index < windows * 5; index += 1) {
    const point = {
      boot: identity,
      processId: dyno,
      processRole: 'main' as const,
      tuning: null,
      timeMs: START_MS + index * 200,
      rssBytes: Math.round(usageMb(index / 5) * MIB),
      treeResidentBytes: null,
      treeSwapBytes: null,
      limitBytes,
      heapUsedBytes: null,
      externalBytes: null,
      activeJobs,
      completedJobs: Math.floor(index / 2) * activeJobs,
    };
    boot ??= openBoot(point);
    noteLimit(boot, facts.limitBytes);
    observe(boot, point, policy);
  }
  if (boot === null) throw new Error('no windows');
  return boot;
}

export const bloated = (window: number) => Math.min(450, window < 10 ? 100 : 100 + Math.floor(window - 9) * 90);
export const WINDOWS = 40;

const freeLedger: LedgerFacts = {
  nowMs: START_MS,
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
  learnedFloorBytes: null,
  uselessRestarts: 0,
};

export interface Setting {
  readonly boots?: readonly Boot[];
  readonly ledger?: Partial<LedgerFacts> | null;
  readonly permissions?: Partial<Permissions>;
  readonly policy?: Partial<Policy>;
  readonly facts?: DynoFacts | null;
  readonly listings?: readonly Listing[];
  readonly up?: number | null;
  readonly dynos?: readonly ListedDyno[];
  readonly nowMs?: number;
  readonly hindrance?: DecideInput['hindrance'];
}

export function decideFor(setting: Setting): readonly Decision[] {
  return decide(inputFor(setting));
}

export function inputFor(setting: Setting): DecideInput {
  const boots = setting.boots ?? [bootOf(bloated, WINDOWS)];
  return {
    boots: boots.map((boot, index) => ({
      boot,
      facts: setting.facts === undefined ? facts : setting.facts,
      listing: setting.listings?.[index] ?? null,
    })),
    ledgers: new Map([['shop:worker', setting.ledger === null ? null : { ...freeLedger, ...setting.ledger }]]),
    nowMs: setting.nowMs ?? START_MS + WINDOWS * WINDOW_MS,
    policy: { ...policy, ...setting.policy },
    permissions: { allowed: [TARGET], dryRun: false, ownApp: null, ...setting.permissions },
    upCount: () => (setting.up === undefined ? 2 : setting.up),
    ...(setting.dynos === undefined ? {} : { dynosOf: () => setting.dynos ?? null }),
    hindrance: setting.hindrance ?? null,
  };
}
