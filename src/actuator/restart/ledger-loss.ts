import { targetKey } from '../../model/target.ts';
import type { ActuatorEvent, Clock } from '../../ports.ts';
import type { Log } from '../report/log.ts';
import type { LedgerLoss } from './remembering-ledger.ts';
import type { FloorRecorder } from './restart-outcomes.ts';

export interface LossListeners {
  readonly clock: Clock;
  /** If several actuators knew of an attempt, the one that leads reports its end. */
  readonly leads: () => boolean;
  readonly log: Log;
  readonly recorder: FloorRecorder;
  readonly publish: (event: ActuatorEvent) => Promise<void>;
}

const LOST_ALL =
  'Redis has lost the ledger. Tidemark has written back what it knew, and restarts nothing while the ledger is held.';
const LOST_PART =
  'Redis has lost a part of the ledger, as after a failover to a replica that lagged, or an eviction. Tidemark has ' +
  'written back what it knew, and restarts go on.';

/**
 * Reports that Redis has lost the ledger and that what this actuator knew was written back. Floors are recorded again.
 */
export function reportLoss(
  { heldUntilMs, targets, spentBoots, ended }: LedgerLoss,
  { clock, leads, log, recorder, publish }: LossListeners,
): void {
  log.warn(heldUntilMs === 0 ? LOST_PART : LOST_ALL, {
    heldUntil: heldUntilMs === 0 ? null : new Date(heldUntilMs).toISOString(),
    targets: targets.map(targetKey),
    spentBoots,
    endedAttempts: ended.map(({ id }) => id),
  });
  recorder.teachAgain();
  if (!leads()) return;
  const nowMs = clock.now();
  for (const attempt of ended) {
    const evidence = 'Redis lost the ledger before anything was sent';
    const closed = { ...attempt, phase: 'closed', outcome: 'abandoned', closedAtMs: nowMs, evidence } as const;
    void publish({ type: 'attempt', timeMs: nowMs, attempt: closed, phase: 'closed' });
  }
}
