import type { RedisState } from '../adapters/redis/state.ts';
import type { ActuatorSettings } from '../config/resolve.ts';
import { matchesApp } from '../model/target.ts';
import type { ActuatorEvent, Clock } from '../ports.ts';
import { Intake } from '../sources/intake.ts';
import { serveHttp } from '../web/http-server.ts';
import { assembleParts } from './assemble.ts';
import { BootRegistry } from './boot-registry.ts';
import { Closers } from './closers.ts';
import { type Connections, openConnections, secretsOf } from './connections.ts';
import { createDoors } from './doors.ts';
import { runLoop } from './loop.ts';
import { announce, announceAccess } from './report/announce.ts';
import { createLog, type Log } from './report/log.ts';
import { exportSecrets } from './report/metrics-export.ts';
import { recordOwnMetrics } from './report/own-metrics.ts';
import { Refusals } from './report/refusals.ts';
import { Standings } from './report/standings.ts';
import { restoreState } from './restore.ts';

/** An actuator that runs in this process. */
export interface RunningActuator {
  /** The port that was bound; it differs from the setting where that is 0. */
  readonly port: number;
  /**
   * Gives the leader key back, claims no more, and finishes the step under way. May be called several times.
   *
   * @param why for the log
   */
  stop(why: string): Promise<void>;
  /** The same as `stop`. */
  [Symbol.asyncDispose](): Promise<void>;
}

const SYSTEM_CLOCK: Clock = { now: () => Date.now(), monotonic: () => performance.now() };
/** Points wait (their senders try again) until the state is read back from Redis, or for so long. */
const RESTORE_TIMEOUT_MS = 5_000;

/**
 * Starts the actuator: takes measurements, decides, and restarts what the settings allow. Logs to standard output, one
 * JSON object a line.
 *
 * @throws {ConfigError} where the port or a URL cannot be used; everything that was opened until then is closed
 *
 * @example
 * ```ts
 * const actuator = await startActuator(resolveActuatorSettings({ env: process.env, flags: {} }));
 * process.once('SIGTERM', () => void actuator.stop('SIGTERM'));
 * ```
 */
export async function startActuator(settings: ActuatorSettings): Promise<RunningActuator> {
  const log = createLog([...secretsOf(settings), ...exportSecrets(process.env)]);
  const closers = new Closers(log);
  try {
    const port = await start(settings, log, closers);
    let stopping: Promise<void> | null = null;
    const stop = async (why: string) => {
      log.info('stopping', { why });
      await closers.closeAll();
      log.info('stopped');
    };
    return {
      port,
      stop: (why) => (stopping ??= stop(why)),
      [Symbol.asyncDispose]: () => (stopping ??= stop('disposed')),
    };
  } catch (error) {
    await closers.closeAll();
    throw error;
  }
}

/** The port that was bound. */
async function start(settings: ActuatorSettings, log: Log, closers: Closers): Promise<number> {
  const { policy, permissions } = settings;
  const clock = SYSTEM_CLOCK;
  const registry = new BootRegistry(policy);
  const refusals = new Refusals({
    clock,
    log,
    isOurs: (app) => permissions.allowed.some((pattern) => matchesApp(pattern.app, app, permissions.ownApp)),
  });
  const intake = new Intake({
    maxPointAgeMs: policy.maxPointAgeMs,
    clock,
    holdMs: holdMsOfExports(settings),
    position: () => connections.reader?.lastId() ?? null,
    accept: (points) => registry.accept(points),
    onRefused: (refused) => refusals.note(refused),
  });
  const connections: Connections = await openConnections(settings, { intake, log, closers });
  const { state, platform, reader, metrics } = connections;
  const listeners: ((event: ActuatorEvent) => void)[] = [];
  const parts = assembleParts({ settings, connections, registry, intake, clock, log, listeners });
  closers.add(() => parts.restarts?.stop());
  const standings = new Standings(parts, async () => (await state?.takesWrites()) ?? true);
  const restoring = restoreState(parts, state, RESTORE_TIMEOUT_MS);
  state?.leader.onLeading(() => void restoring.again());
  void restoring.pointsId.then((afterId) => reader?.start({ afterId, maxAgeMs: policy.maxPointAgeMs }));
  if (metrics !== null) {
    const { maxPointAgeMs } = policy;
    const observed = { entries: () => registry.entries(), ingestCounts: () => intake.counts() };
    listeners.push(recordOwnMetrics({ meter: metrics.meter, clock, maxPointAgeMs, ...observed }));
  }
  const app = createDoors({ settings, parts, intake, refusals, standings, isRestored: () => restoring.isOver() });
  const server = await serveHttp(app, settings.port, () => refusals.note(GRPC));
  closers.add(() => server.close());
  announce(settings, server.port, log);
  void announceAccess(settings, { platform, view: parts.platform, log });
  const loop = runLoop({ parts, standings, ready: untilConnected(state) });
  state?.leader.start();
  const settling = setInterval(() => intake.settle(), holdMsOfExports(settings) / 2);
  closers.add(() => clearInterval(settling));
  closers.add(async () => {
    // First of all, so that another leads while this one finishes what is under way.
    await state?.leader.stop();
    await loop.stop();
  });
  return server.port;
}

const GRPC = { app: null, kind: 'grpc', count: 1, offsetMs: null } as const;

/** Until Redis is connected, or for a moment: without it the loop observes and advises. */
async function untilConnected(state: RedisState | null): Promise<void> {
  if (state === null || state.available()) return;
  await new Promise<void>((resolve) => {
    state.onAvailable(resolve);
    setTimeout(resolve, RESTORE_TIMEOUT_MS).unref();
  });
}

/**
 * The parts of an export follow one another at once; a scaled-down window cannot wait for them as long as a real one.
 */
function holdMsOfExports({ policy }: ActuatorSettings): number {
  return Math.min(1_000, policy.windowMs / 4);
}
