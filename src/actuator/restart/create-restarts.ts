import { connectRedis } from '../../adapters/redis/connection/connection.ts';
import { createDrainKeys } from '../../adapters/redis/queue/drain-keys.ts';
import { createMemoryReports } from '../../adapters/redis/queue/memory-reports.ts';
import { type Attempt, CONFIRM_DEADLINE_MS, SEND_WINDOW_MS } from '../../attempt/attempt.ts';
import { onDrainTimeout } from '../../attempt/boot-idle.ts';
import type { ActuatorSettings } from '../../config/resolve.ts';
import type { PlatformError } from '../../model/errors.ts';
import { carriesId } from '../../model/listing.ts';
import { permissionOf } from '../../model/permission.ts';
import type { ActuatorEvent, DrainKeys, Ledger, MemoryReports, Platform } from '../../ports.ts';
import type { BootRegistry } from '../boot-registry.ts';
import type { Host } from '../host.ts';
import type { Restarts } from '../mode.ts';
import type { PlatformView } from '../platform/platform-view.ts';
import { calmLog } from '../report/calm-log.ts';
import type { Log } from '../report/log.ts';
import { AttemptRunner } from './attempt/attempt-runner.ts';
import { BackgroundRunner } from './background-runner.ts';
import { AttemptDrain } from './drain-session.ts';
import { MemoryQuestions } from './memory-questions.ts';
import { mayBeOver, stillHolds } from './revalidate-decision.ts';

export interface RestartsParts {
  readonly ledger: Ledger;
  readonly platform: Platform;
  /** Knows whether the platform wants no calls, and learns it. */
  readonly view: PlatformView;
  readonly registry: BootRegistry;
  /** See `AttemptMoverParts`. */
  readonly isOurs: (attempt: Attempt) => boolean;
  /** The same. */
  readonly leads: () => boolean;
  readonly publish: (event: ActuatorEvent) => Promise<void>;
}

/** Joins the drain and the attempts of an actuator that may act. */
export function createRestarts(parts: RestartsParts, settings: ActuatorSettings, host: Host): Restarts {
  const { ledger, platform, view, registry, isOurs, leads, publish } = parts;
  const { policy, permissions } = settings;
  const { clock } = host;
  const log = calmLog(host.log);
  const { graceMs, minHealthy } = policy;
  const { keys, memoryReports } = openQueueKeys(settings, host.log);
  const onOver = () => restarts.advance();
  const drain = new AttemptDrain({ keys, memoryReports, ledger, registry, clock, graceMs, log, onOver });
  const runner = new AttemptRunner({
    ledger,
    platform,
    clock,
    drain,
    graceMs,
    minHealthy,
    isOurs,
    leads,
    onDrainTimeout: (attempt) => onDrainTimeout(attempt, drain.knowNoDrain(attempt)),
    permission: (target) => permissionOf(permissions, target),
    stillHolds: (attempt) => stillHolds(attempt, { registry, clock, policy }),
    mayBeOver: (attempt) => mayBeOver(attempt, { registry, clock, policy }),
    isCarriedByAnother: ({ target: { app }, bootId }, dynoId) =>
      carriesId(
        registry.ofApp(app).map(({ boot }) => boot),
        { app, bootId, dynoId },
      ),
    memoryReport: (attempt) => drain.memoryReport(attempt),
    platformBlock: () => (view.isBlocked() ? view.blocked() : null),
    onMove: (attempt) => void publish({ type: 'attempt', timeMs: clock.now(), attempt, phase: attempt.phase }),
  });
  const questions =
    memoryReports === null ? null : new MemoryQuestions({ reports: memoryReports, rules: settings, clock, log });
  const onPlatformBlocked = (error: PlatformError) => view.block(error);
  const restarts = new BackgroundRunner({ runner, drain, questions, onPlatformBlocked, log });
  return restarts;
}

/** How much longer than its deadlines an attempt may take: ticks, and the calls of its last one. */
const HOLD_SLACK_MS = 60_000;

/** What is asked of workers, over one connection. Null: not asked. */
interface QueueKeys {
  readonly keys: DrainKeys | null;
  readonly memoryReports: MemoryReports | null;
}

function openQueueKeys({ queueRedisUrl, policy, memoryReport }: ActuatorSettings, log: Log): QueueKeys {
  if (queueRedisUrl !== null) {
    // From the question to the close of the attempt.
    const holdMs = policy.graceMs + SEND_WINDOW_MS + CONFIRM_DEADLINE_MS + HOLD_SLACK_MS;
    const options = {
      url: queueRedisUrl,
      holdMs,
      log: (level: 'info' | 'warn', message: string) => log[level](message),
    };
    const connection = connectRedis(options);
    const memoryReports = memoryReport ? createMemoryReports(connection) : null;
    return { keys: createDrainKeys(options, connection), memoryReports };
  }
  log.warn("the queue's Redis is not configured (REDIS_URL): workers are not asked to drain before a restart");
  return { keys: null, memoryReports: null };
}
