import type { ActuatorEvent } from '../../ports.ts';
import { AttemptLog } from './attempt-log.ts';
import { BreakerWatch } from './breaker-watch.ts';
import { DecisionLog } from './decision-log.ts';

/** What was reported, in memory: the API answers from it, and a start reads it back from the journal. */
export class EventHistory {
  readonly decisions = new DecisionLog();
  readonly attempts = new AttemptLog();
  readonly breakers = new BreakerWatch();

  take(event: ActuatorEvent): void {
    this.attempts.take(event);
    if (event.type === 'attempt' && event.attempt.outcome !== null) {
      this.decisions.close(event.attempt.id, event.attempt.outcome);
    }
  }

  /** Takes up what the journal kept, newest first. */
  restore(events: readonly ActuatorEvent[]): void {
    this.decisions.restore(events);
    this.attempts.restore(events);
    this.breakers.restore(events);
  }
}
