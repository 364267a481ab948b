import { targetKey } from '../../model/target.ts';
import type { ActuatorEvent, LedgerView } from '../../ports.ts';

type BreakerEvent = Extract<ActuatorEvent, { type: 'breaker' }>;

/** Finds breakers that have opened since they were last looked at. Each opening is told once, over restarts of the actuator too. */
export class BreakerWatch {
  /** By target, the end of the opening that was told last: no two openings end at the same time. */
  readonly #told = new Map<string, number>();

  /** Takes up what an earlier actuator has told, from the journal. */
  restore(events: readonly ActuatorEvent[]): void {
    for (const event of events) {
      if (event.type !== 'breaker') continue;
      this.#told.set(event.target, Math.max(event.openUntilMs, this.#told.get(event.target) ?? 0));
    }
  }

  /** Null where the target's breaker is closed, or its opening was told. */
  look(view: LedgerView, nowMs: number): BreakerEvent | null {
    const { breakerOpenUntilMs: openUntilMs, breakerReason: reason, nowMs: ledgerNowMs } = view;
    const target = targetKey(view.target);
    if (openUntilMs <= ledgerNowMs || this.#told.get(target) === openUntilMs) return null;
    this.#told.set(target, openUntilMs);
    return { type: 'breaker', timeMs: nowMs, target, reason, openUntilMs, openForMs: openUntilMs - ledgerNowMs };
  }
}
