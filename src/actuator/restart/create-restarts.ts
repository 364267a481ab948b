import { createDrainKeys } from '../../adapters/redis/drain-keys.ts';
import { CONFIRM_DEADLINE_MS, SEND_WINDOW_MS } from '../../attempt/attempt.ts';
import { onDrainTimeout } from '../../attempt/boot-idle.ts';
import type { ActuatorSettings } from '../../config/resolve.ts';
import { carriesId } from '../../model/listing.ts';
import { permissionOf } from '../../model/permission.ts';
import type { ActuatorEvent, DrainKeys, Ledger, Platform } from '../../ports.ts';
import type { BootRegistry } from '../boot-registry.ts';
import type { Host } from '../host.ts';
import type { Restarts } from '../mode.ts';
import type { PlatformView } from '../platform-view.ts';
import type { Log } from '../report/log.ts';
import { AttemptRunner } from './attempt-runner.ts';
import { BackgroundRunner } from './background-runner.ts';
import { AttemptDrain } from './drain-session.ts';
import { stillHolds } from './revalidate-decision.ts';

export interface RestartsParts {
  readonly ledger: Ledger;
  readonly platform: Platform;
  /** Knows whether the platform wants no calls, and learns it. */
  readonly view: PlatformView;
  readonly registry: BootRegistry;
  readonly publish: (event: ActuatorEvent) => Promise<void>;
}

/** Joins the drain and the attempts of an actuator that may act. */
export function createRestarts(parts: RestartsParts, settings: ActuatorSettings, host: Host): Restarts {
  const { ledger, platform, view, registry, publish } = parts;
  const { policy, permissions } = settings;
  const { clock, log } = host;
  const { graceMs, minHealthy } = policy;
  const keys = openDrainKeys(settings, log);
  const drain = new AttemptDrain({ keys, ledger, registry, clock, graceMs, log, onOver: () => restarts.advance() });
  const runner = new AttemptRunner({
    ledger,
    platform,
    clock,
    drain,
    graceMs,
    minHealthy,
    onDrainTimeout: (attempt) => onDrainTimeout(attempt, drain.wasAnswered(attempt)),
    permission: (target) => permissionOf(permissions, target),
    stillHolds: (attempt) => stillHolds(attempt, { registry, clock, policy }),
    isCarriedByAnother: ({ target: { app }, bootId }, dynoId) =>
      carriesId(
        registry.entries().map(({ boot }) => boot),
        { app, bootId, dynoId },
      ),
    mayCallPlatform: () => !view.isBlocked(),
    onMove: (attempt) => void publish({ type: 'attempt', timeMs: clock.now(), attempt, phase: attempt.phase }),
  });
  const restarts = new BackgroundRunner({ runner, drain, onPlatformBlocked: (error) => view.block(error), log });
  return restarts;
}

/** How much longer than its deadlines an attempt may take: ticks, and the calls of its last one. */
const HOLD_SLACK_MS = 60_000;

function openDrainKeys({ queueRedisUrl, policy }: ActuatorSettings, log: Log): DrainKeys | null {
  if (queueRedisUrl !== null) {
    // From the question to the close of the attempt.
    const holdMs = policy.graceMs + SEND_WINDOW_MS + CONFIRM_DEADLINE_MS + HOLD_SLACK_MS;
    return createDrainKeys({ url: queueRedisUrl, holdMs, log: (level, message) => log[level](message) });
  }
  log.warn("the queue's Redis is not configured (REDIS_URL): workers are not asked to drain before a restart");
  return null;
}
