import type { Boot } from '../detector/boot/boot.ts';
import type { DynoFacts } from '../detector/rules/assessment.ts';
import type { Decision } from '../model/decision.ts';
import type { Policy } from '../model/policy.ts';
import { type Target, targetKey } from '../model/target.ts';
import { decide } from './decide.ts';
import type { LedgerFacts } from './decide-input.ts';

const HOUR_MS = 3_600_000;

/** What is known of the one dyno, and of its target, without Redis and platform. */
export interface AloneInput {
  readonly boot: Boot;
  /** Null where only its measurements are known. */
  readonly facts: DynoFacts | null;
  readonly target: Target;
  readonly nowMs: number;
  readonly policy: Policy;
  /** When its restarts were sent, oldest first (the same clock as `nowMs`). */
  readonly sentMs: readonly number[];
  /** What the target's earlier boots and restarts have shown. Default: nothing. */
  readonly learned?: Partial<Pick<LedgerFacts, 'learnedFloorBytes' | 'uselessRestarts' | 'breakerOpenUntilMs'>>;
}

/**
 * Decides about a dyno that is alone in its target, as the loop would with a ledger of its own: for recorded and
 * simulated measurements.
 */
export function decideAlone({ boot, facts, target, nowMs, policy, sentMs, learned }: AloneInput): Decision {
  const lastMs = sentMs.at(-1);
  const ledger: LedgerFacts = {
    nowMs,
    open: null,
    cooldownUntilMs: lastMs === undefined ? 0 : lastMs + policy.cooldownMs,
    dryCooldownUntilMs: 0,
    sentLastHour: sentMs.filter((atMs) => nowMs - atMs < HOUR_MS).length,
    heldUntilMs: 0,
    breakerOpenUntilMs: 0,
    paused: false,
    mayBeEvicted: false,
    spentBootIds: [],
    history: [],
    dryHistory: [],
    uselessRestarts: 0,
    learnedFloorBytes: null,
    ...learned,
  };
  const [decision] = decide({
    boots: [{ boot, facts }],
    ledgers: new Map([[targetKey(target), ledger]]),
    nowMs,
    // There are no others that could be healthy.
    policy: { ...policy, minHealthy: 0 },
    permissions: { allowed: [target], dryRun: false, ownApp: null },
    upCount: () => null,
  });
  if (decision === undefined) throw new Error('decide gave no decision for a boot');
  return decision;
}
