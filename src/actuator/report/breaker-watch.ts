import { targetKey } from '../../model/target.ts';
import type { ActuatorEvent, LedgerView } from '../../ports.ts';

type BreakerEvent = Extract<ActuatorEvent, { type: 'breaker' }>;

/**
 * Finds breakers that have opened since the last look. Reports each opening once, also across restarts of the actuator.
 */
export class BreakerWatch {
  /**
   * By target, the end of the opening that was reported last. It identifies the opening: no two end at the same time.
   */
  readonly #reported = new Map<string, number>();

  /** Restores from the journal what an earlier actuator has reported. */
  restore(events: readonly ActuatorEvent[]): void {
    for (const event of events) {
      if (event.type !== 'breaker') continue;
      this.#reported.set(event.target, Math.max(event.openUntilMs, this.#reported.get(event.target) ?? 0));
    }
  }

  /** The opening of the target's breaker; null where it is closed, or its opening was already reported. */
  look(view: LedgerView, nowMs: number): BreakerEvent | null {
    const { breakerOpenUntilMs: openUntilMs, breakerReason: reason, nowMs: ledgerNowMs } = view;
    const target = targetKey(view.target);
    if (openUntilMs <= ledgerNowMs || this.#reported.get(target) === openUntilMs) return null;
    this.#reported.set(target, openUntilMs);
    return { type: 'breaker', timeMs: nowMs, target, reason, openUntilMs, openForMs: openUntilMs - ledgerNowMs };
  }
}
