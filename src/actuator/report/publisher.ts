import type { RedisState } from '../../adapters/redis/state.ts';
import type { ActuatorEvent, Notice } from '../../ports.ts';
import type { AttemptLog } from './attempt-log.ts';
import type { DecisionLog } from './decision-log.ts';
import type { Log } from './log.ts';

export interface PublishTo {
  readonly decisions: DecisionLog;
  readonly attempts: AttemptLog;
  readonly log: Log;
  /** Filled by whoever listens, before or after the publisher was made. */
  readonly listeners: readonly ((event: ActuatorEvent) => void)[];
  /** Null where no Redis is configured. */
  readonly state: RedisState | null;
  readonly notice: Notice | null;
}

/** Hands each event to everyone who wants it: memory, log, metrics, journal, people. Never rejects. */
export function createPublisher(to: PublishTo): (event: ActuatorEvent) => Promise<void> {
  return async (event) => {
    to.attempts.take(event);
    if (event.type === 'attempt') {
      const { attempt } = event;
      to.log.info('attempt', { ...attempt });
      if (attempt.outcome !== null) to.decisions.close(attempt.id, attempt.outcome);
    }
    if (event.type === 'reclaimed') to.log.info('reclaimed', { ...event });
    if (event.type === 'breaker') to.log.warn('the breaker has opened: no more automatic restarts', { ...event });
    for (const listen of to.listeners) listen(event);
    if (to.state?.available()) await to.state.journal.append(event);
    await to.notice?.send(event);
  };
}
