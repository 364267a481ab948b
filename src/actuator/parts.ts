import type { Permissions, Policy } from '../model/policy.ts';
import type { ActuatorEvent, Clock, Ledger } from '../ports.ts';
import type { BootRegistry } from './boot-registry.ts';
import type { PlatformView } from './platform-view.ts';
import type { AttemptLog } from './report/attempt-log.ts';
import type { BreakerWatch } from './report/breaker-watch.ts';
import type { DecisionLog } from './report/decision-log.ts';
import type { Log } from './report/log.ts';
import type { RestartCoordinator } from './restart/restart-coordinator.ts';
import type { FloorRecorder } from './restart/restart-outcomes.ts';

/** What the loop works with; `service.ts` puts it together. */
export interface ActuatorParts {
  readonly clock: Clock;
  readonly policy: Policy;
  readonly permissions: Permissions;
  readonly registry: BootRegistry;
  readonly decisions: DecisionLog;
  readonly attempts: AttemptLog;
  readonly teacher: FloorRecorder;
  readonly breakers: BreakerWatch;
  /** Null where no token is configured: then the platform is neither read nor asked for anything. */
  readonly platform: PlatformView | null;
  /** Null where no Redis is configured: then nothing is restarted. */
  readonly ledger: Ledger | null;
  readonly ledgerState: () => 'available' | 'unavailable' | 'not-configured';
  readonly snapshots: { save(key: string, json: string): Promise<void> } | null;
  /** The newest entry of the points stream that was taken; null where none is read. */
  readonly pointsId: () => string | null;
  /** Null where the ledger or the platform is. */
  readonly restarts: RestartCoordinator | null;
  /** Journal, notices, and whoever listens. Never rejects. */
  readonly publish: (event: ActuatorEvent) => Promise<void>;
  readonly log: Log;
  /** Of several actuators the one that leads tells people and the journal. */
  readonly leads: () => boolean;
  /** Whether this actuator leads and has watched for a full window of its own: before that it claims nothing. */
  readonly mayAct: () => boolean;
}
