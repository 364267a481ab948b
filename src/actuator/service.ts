import { Hono } from 'hono';
import type { HerokuPlatform } from '../adapters/heroku/platform.ts';
import type { PointsReader } from '../adapters/redis/points-reader.ts';
import type { RedisState } from '../adapters/redis/state.ts';
import type { ActuatorSettings } from '../config/resolve.ts';
import { checkHeroku } from '../doctor/check-heroku.ts';
import { checkTls } from '../doctor/check-settings.ts';
import type { ActuatorEvent, Clock, Notice } from '../ports.ts';
import { Intake } from '../sources/intake.ts';
import { createOtlpSource } from '../sources/otlp-http.ts';
import { createApi } from '../web/api.ts';
import { BootRegistry } from './boot-registry.ts';
import { BreakerWatch } from './breaker-watch.ts';
import { openDrainKeys, openNotice, openPlatform, openPointsReader, openState, secretsOf } from './connections.ts';
import { createControl } from './control.ts';
import { DecisionLog } from './decision-log.ts';
import { remoteAddress, serveHttp } from './http-server.ts';
import { tellOfLoss } from './ledger-loss.ts';
import { createLog, type Log } from './log.ts';
import { Leadership, runLoop } from './loop.ts';
import { exportMetrics, exportSecrets } from './metrics-export.ts';
import { recordOwnMetrics } from './own-metrics.ts';
import type { ActuatorParts } from './parts.ts';
import { PlatformView } from './platform-view.ts';
import { RememberingLedger } from './remembering-ledger.ts';
import { Restarts } from './restarts.ts';
import { restoreState } from './restore.ts';
import { stillHolds } from './still-holds.ts';
import { FloorTeacher } from './usefulness.ts';

export interface RunningActuator {
  readonly port: number;
  /** Gives the leader key back, claims no more, and finishes the step under way. */
  stop(why: string): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

const SYSTEM_CLOCK: Clock = { now: () => Date.now(), monotonic: () => performance.now() };
/** Points wait (their senders try again) until the state is read back from Redis, or for so long. */
const RESTORE_TIMEOUT_MS = 5_000;
/** A stop waits so long for messages to people that are on their way. */
const NOTICE_TIMEOUT_MS = 2_000;
const NO_OTLP = 'No points are taken over HTTP: TIDEMARK_SOURCE is "redis".\n';

/** Puts the parts together and runs the loop. Rejects where the port cannot be bound. */
export async function startActuator(settings: ActuatorSettings): Promise<RunningActuator> {
  const log = createLog([...secretsOf(settings), ...exportSecrets(process.env)]);
  const clock = SYSTEM_CLOCK;
  const registry = new BootRegistry(settings.policy);
  const state = openState(settings, log);
  const platform = openPlatform(settings, log);
  const intake = new Intake({
    maxPointAgeMs: settings.policy.maxPointAgeMs,
    clock,
    holdMs: holdMs(settings),
    position: () => reader?.lastId() ?? null,
    accept: (points) => registry.accept(points),
  });
  const reader: PointsReader | null = openPointsReader(settings, intake, log);
  const decisions = new DecisionLog();
  const platformView = platform === null ? null : new PlatformView(platform, clock, platformFreshMs(settings));
  const metrics = await exportMetrics(process.env, log);
  const listeners: ((event: ActuatorEvent) => void)[] = [];
  const notice = openNotice(settings, log);
  const publish = publisher(state, notice, { decisions, log, listeners });
  const leadership = new Leadership(clock, settings.policy.windowMs, () => state?.leader.isLeader() ?? true);
  const teacher = new FloorTeacher();
  const leads = () => leadership.leads();
  const lossListeners = { clock, leads, log, teacher, publish };
  const ledger = state === null ? null : new RememberingLedger(state.ledger, (loss) => tellOfLoss(loss, lossListeners));
  const restarts =
    ledger === null || platform === null || platformView === null
      ? null
      : new Restarts({
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
          stillHolds: (attempt) => stillHolds(attempt, { registry, clock, policy: settings.policy }),
        });
  const parts: ActuatorParts = {
    clock,
    policy: settings.policy,
    permissions: settings.permissions,
    registry,
    decisions,
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
  const restoring = restoreState(parts, state, RESTORE_TIMEOUT_MS);
  state?.leader.onLeading(() => void restoring.again());
  void restoring.pointsId.then((afterId) => reader?.start({ afterId, maxAgeMs: settings.policy.maxPointAgeMs }));
  const source = settings.sources.includes('otlp')
    ? createOtlpSource({
        tokens: settings.ingestTokens,
        intake,
        ready: () => restoring.isOver() && leadership.leads(),
      })
    : null;
  if (metrics !== null) {
    const { maxPointAgeMs } = settings.policy;
    const state = { entries: () => registry.entries(), ingestCounts: () => intake.counts() };
    listeners.push(recordOwnMetrics({ meter: metrics.meter, clock, maxPointAgeMs, ...state }));
  }
  const app = new Hono();
  app.all('/v1/metrics', async (context) => {
    if (source === null) return context.text(NO_OTLP, 404);
    return source.handle(context.req.raw, remoteAddress(context));
  });
  const control = createControl(parts, { leads: () => leadership.leads(), ready: () => restoring.isOver() });
  app.route('/', createApi(control, { adminToken: settings.adminToken, remoteAddress }));
  const server = await serveHttp(app, settings.port);
  announce(settings, server.port, log);
  void announceAccess(settings, platform, log);
  state?.leader.start();
  const settling = setInterval(() => intake.settle(), holdMs(settings) / 2);
  const loop = runLoop(parts);
  let stopping: Promise<void> | null = null;
  const stop = async (why: string) => {
    log.info('stopping', { why });
    // First of all, so that another leads while this one finishes what is under way.
    await state?.leader.stop();
    await loop.stop();
    clearInterval(settling);
    await server.close();
    await reader?.close();
    await state?.close();
    await notice?.close(NOTICE_TIMEOUT_MS);
    await metrics?.stop();
    log.info('stopped');
  };
  return {
    port: server.port,
    stop: (why) => (stopping ??= stop(why)),
    [Symbol.asyncDispose]: () => (stopping ??= stop('disposed')),
  };
}

/** The parts of an export follow one another at once; a scaled-down window cannot wait for them as long as a real one. */
function holdMs({ policy }: ActuatorSettings): number {
  return Math.min(1_000, policy.windowMs / 4);
}

/** A quarter of the account's calls is left to everything else even with several apps; a scaled-down window reads as often as it must. */
function platformFreshMs({ policy }: ActuatorSettings): number {
  return Math.min(30_000, Math.max(2_000, policy.windowMs / 2));
}

function publisher(
  state: RedisState | null,
  notice: Notice | null,
  to: {
    readonly decisions: DecisionLog;
    readonly log: Log;
    readonly listeners: readonly ((event: ActuatorEvent) => void)[];
  },
) {
  return async (event: ActuatorEvent): Promise<void> => {
    if (event.type === 'attempt') {
      const { attempt } = event;
      to.log.info('attempt', { ...attempt });
      if (attempt.outcome !== null) to.decisions.close(attempt.id, attempt.outcome);
    }
    if (event.type === 'reclaimed') to.log.info('reclaimed', { ...event });
    if (event.type === 'breaker') to.log.warn('the breaker has opened: no more automatic restarts', { ...event });
    for (const listen of to.listeners) listen(event);
    if (state?.available()) await state.journal.append(event);
    await notice?.send(event);
  };
}

function announce(settings: ActuatorSettings, port: number, log: Log): void {
  const { allowed, dryRun } = settings.permissions;
  log.info('actuator is listening', {
    port,
    targets: allowed.map(({ app, processType }) => `${app}:${processType}`),
    dryRun: typeof dryRun === 'boolean' ? dryRun : dryRun.map(({ app, processType }) => `${app}:${processType}`),
    windowMs: settings.policy.windowMs,
  });
  if (allowed.length === 0)
    log.warn('TIDEMARK_TARGETS is empty: nothing is on the allow-list, so nothing will be restarted');
  for (const { says, advice } of checkTls(process.env)) log.error(says, { advice });
}

/** Whose token it is and what it reaches, at the start and not at the first restart. The loop does not wait for it. */
async function announceAccess(settings: ActuatorSettings, platform: HerokuPlatform | null, log: Log): Promise<void> {
  if (platform === null) return;
  const { permissions, policy } = settings;
  try {
    const findings = await checkHeroku({ platform, permissions, minHealthy: policy.minHealthy });
    for (const { level, says, advice } of findings) {
      if (level === 'ok') log.info(says);
      else log[level === 'fault' ? 'error' : 'warn'](says, { advice });
    }
  } catch (error) {
    log.error('the access to Heroku could not be looked at', {
      error: error instanceof Error ? error.stack : String(error),
    });
  }
}
