import type { RedisState } from '../../adapters/redis/state.ts';
import { permissionOf } from '../../model/permission.ts';
import type { Permissions } from '../../model/policy.ts';
import type { ActuatorEvent, Notice } from '../../ports.ts';
import type { EventHistory } from './event-history.ts';
import type { Log } from './log.ts';

export interface PublishTo {
  readonly history: EventHistory;
  readonly log: Log;
  /** The actuator's own metrics; null where they are not exported. */
  readonly metrics: ((event: ActuatorEvent) => void) | null;
  /** Null where no Redis is configured. */
  readonly state: Pick<RedisState, 'available' | 'journal' | 'isLedInside'> | null;
  readonly notice: Notice | null;
  /** Those who watch; they must not reject. */
  readonly listeners: ReadonlySet<(event: ActuatorEvent) => Promise<void>>;
  /** Only what is about targets on the allow-list goes into the journal: it is trimmed by length, whoever fills it. */
  readonly permissions: Permissions;
}

/** Hands each event to everyone who wants it: memory, log, metrics, journal, people. Never rejects. */
export function createPublisher(to: PublishTo): (event: ActuatorEvent) => Promise<void> {
  return async (event) => {
    to.history.take(event);
    if (event.type === 'attempt') to.log.info('attempt', { ...event.attempt });
    if (event.type === 'reclaimed') to.log.info('reclaimed', { ...event });
    if (event.type === 'breaker') to.log.warn('the breaker has opened: no more automatic restarts', { ...event });
    to.metrics?.(event);
    for (const listener of to.listeners) await listener(event);
    if (to.state?.available() && (await isWritten(event, to.state, to.permissions)))
      await to.state.journal.append(event);
    await to.notice?.send(event);
  };
}

/** A decision on a target that an actuator inside its workers leads is written by that one. */
async function isWritten(
  event: ActuatorEvent,
  state: Pick<RedisState, 'isLedInside'>,
  permissions: Permissions,
): Promise<boolean> {
  if (event.type !== 'decision') return true;
  const { target } = event.decision;
  if (target === null || permissionOf(permissions, target) === 'forbidden') return false;
  // Without an answer both may write, which does no harm.
  return !(await state.isLedInside(target).catch(() => false));
}
