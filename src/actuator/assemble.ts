import type { ActuatorSettings } from '../config/resolve.ts';
import type { ActuatorEvent, Clock } from '../ports.ts';
import type { Intake } from '../sources/intake.ts';
import type { BootRegistry } from './boot-registry.ts';
import { type Connections, openDrainKeys } from './connections.ts';
import { Leadership } from './loop.ts';
import type { ActuatorParts } from './parts.ts';
import { PlatformView } from './platform-view.ts';
import { AttemptLog } from './report/attempt-log.ts';
import { BreakerWatch } from './report/breaker-watch.ts';
import { DecisionLog } from './report/decision-log.ts';
import type { Log } from './report/log.ts';
import { createPublisher } from './report/publisher.ts';
import { tellOfLoss } from './restart/ledger-loss.ts';
import { RememberingLedger } from './restart/remembering-ledger.ts';
import { RestartCoordinator } from './restart/restart-coordinator.ts';
import { FloorRecorder } from './restart/restart-outcomes.ts';
import { stillHolds } from './restart/revalidate-decision.ts';

export interface AssembleInput {
  readonly settings: ActuatorSettings;
  readonly connections: Connections;
  readonly registry: BootRegistry;
  readonly intake: Pick<Intake, 'handedOnUpTo'>;
  readonly clock: Clock;
  readonly log: Log;
  /** Are told of each event; may be filled later. */
  readonly listeners: readonly ((event: ActuatorEvent) => void)[];
}

/** What the loop works with, made of the connections. */
export function assembleParts({
  settings,
  connections,
  registry,
  intake,
  clock,
  log,
  listeners,
}: AssembleInput): ActuatorParts {
  const { state, platform, notice } = connections;
  const { policy, permissions } = settings;
  const decisions = new DecisionLog();
  const attempts = new AttemptLog();
  const platformView = platform === null ? null : new PlatformView(platform, clock, platformFreshMs(settings));
  const publish = createPublisher({ decisions, attempts, log, listeners, state, notice });
  const leadership = new Leadership(clock, policy.windowMs, () => state?.leader.isLeader() ?? true);
  const teacher = new FloorRecorder();
  const leads = () => leadership.leads();
  const lossListeners = { clock, leads, log, teacher, publish };
  const ledger = state === null ? null : new RememberingLedger(state.ledger, (loss) => tellOfLoss(loss, lossListeners));
  const restarts =
    ledger === null || platform === null || platformView === null
      ? null
      : new RestartCoordinator({
          ledger,
          platform,
          platformView,
          drainKeys: openDrainKeys(settings, log),
          clock,
          registry,
          decisions,
          settings,
          publish,
          log,
          stillHolds: (attempt) => stillHolds(attempt, { registry, clock, policy }),
        });
  return {
    clock,
    policy,
    permissions,
    registry,
    decisions,
    attempts,
    teacher,
    breakers: new BreakerWatch(),
    platform: platformView,
    ledger,
    ledgerState: () => (state === null ? 'not-configured' : state.available() ? 'available' : 'unavailable'),
    snapshots: state?.snapshots ?? null,
    pointsId: () => intake.handedOnUpTo(),
    restarts,
    publish,
    log,
    leads,
    mayAct: () => leadership.mayAct(),
  };
}

/** A quarter of the account's calls is left to everything else even with several apps; a scaled-down window reads as often as it must. */
function platformFreshMs({ policy }: ActuatorSettings): number {
  return Math.min(30_000, Math.max(2_000, policy.windowMs / 2));
}
