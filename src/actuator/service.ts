import { randomBytes } from 'node:crypto';
import type { ActuatorSettings } from '../config/resolve.ts';
import { type Environment, headerSecrets } from '../shared/otel-environment.ts';
import { serveHttp } from '../web/http-server.ts';
import { openDoors } from './doors/doors.ts';
import type { Host } from './host.ts';
import { announce, announceAccess } from './report/announce.ts';
import { createLog } from './report/log.ts';
import { begin, SYSTEM_CLOCK } from './start/begin.ts';
import { Closers } from './start/closers.ts';
import { secretsOf } from './start/connections.ts';
import { run } from './start/run.ts';

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

/** What `startActuator` takes besides its settings. */
export interface StartOptions {
  /**
   * Where the standard `OTEL_*` variables are looked for. They say whether the actuator's own metrics are exported, and
   * where to. Default: none, so nothing is exported. The command passes `process.env`.
   */
  readonly env?: Environment;
}

/**
 * Starts the actuator: takes measurements, decides, and restarts what the settings allow. Logs to standard output, one
 * JSON object a line.
 *
 * @throws {ConfigError} where the port or a URL cannot be used; everything that was opened until then is closed
 *
 * @example
 * ```ts
 * const { env } = process;
 * const actuator = await startActuator(resolveActuatorSettings({ env, flags: {} }), { env });
 * process.once('SIGTERM', () => void actuator.stop('SIGTERM'));
 * ```
 */
export async function startActuator(
  settings: ActuatorSettings,
  { env = {} }: StartOptions = {},
): Promise<RunningActuator> {
  const log = createLog([...secretsOf(settings), ...headerSecrets(env)]);
  const closers = new Closers(log);
  const host = { clock: SYSTEM_CLOCK, log };
  try {
    const port = await start({ settings, env, host, closers });
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

interface Start {
  readonly settings: ActuatorSettings;
  readonly env: Environment;
  readonly host: Host;
  readonly closers: Closers;
}

/** The port that was bound. */
async function start({ settings, env, host, closers }: Start): Promise<number> {
  const { log } = host;
  const begun = await begin({ settings, env, host, closers, name: env.DYNO ?? null, embedded: null });
  const { measurements, connections, assembled, restoring, partitions, record, standby } = begun;
  const { state } = connections;
  const isRestored = () => restoring.isOver();
  const startToken = randomBytes(18).toString('base64url');
  const doors = openDoors({
    settings,
    measurements,
    assembled,
    partitions,
    isRestored,
    startToken,
    state,
    record,
    host,
  });
  const onGrpc = () => measurements.refusals.note(GRPC);
  const server = await serveHttp(doors.app, settings.port, { onGrpc });
  closers.add(() => server.close());
  closers.add(() => doors.live.close());
  assembled.listeners.add(doors.live.onEvent);
  announce(settings, { port: server.port, env, startToken, log });
  void announceAccess(settings, { platform: connections.platform, view: assembled.platform, log });
  const { onTick } = doors.live;
  closers.add(run({ settings, measurements, connections, assembled, partitions, record, standby, host, onTick }));
  return server.port;
}

const GRPC = { app: null, kind: 'grpc', count: 1, offsetMs: null } as const;
