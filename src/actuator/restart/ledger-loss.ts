import { targetKey } from '../../model/target.ts';
import type { ActuatorEvent, Clock } from '../../ports.ts';
import type { Log } from '../report/log.ts';
import type { LedgerLoss } from './remembering-ledger.ts';
import type { FloorRecorder } from './restart-outcomes.ts';

export interface LossListeners {
  readonly clock: Clock;
  /** Of several actuators that knew of an attempt the one that leads tells of its end. */
  readonly leads: () => boolean;
  readonly log: Log;
  readonly recorder: FloorRecorder;
  readonly publish: (event: ActuatorEvent) => Promise<void>;
}

/** After Redis has lost the ledger and what this actuator knew of it is written back: people are told, and boots teach their floors again. */
export function tellOfLoss(
  { heldUntilMs, targets, spentBoots, ended }: LedgerLoss,
  { clock, leads, log, recorder, publish }: LossListeners,
): void {
  log.warn('Redis has lost the ledger. What this actuator knew of it is written back; restarts are held for a while.', {
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
