import { announceAccess } from '../actuator/report/announce.ts';
import { createLog, type Log } from '../actuator/report/log.ts';
import { begin, SYSTEM_CLOCK } from '../actuator/start/begin.ts';
import { Closers } from '../actuator/start/closers.ts';
import { secretsOf } from '../actuator/start/connections.ts';
import { run } from '../actuator/start/run.ts';
import type { ActuatorSettings } from '../config/resolve.ts';
import { type Target, targetKey } from '../model/target.ts';
import type { EmbeddedStart } from '../shared/embedded-messages.ts';
import { embeddedLeaderKey } from '../shared/leader-key.ts';
import type { Environment } from '../shared/otel-environment.ts';
import { resolveEmbeddedSettings } from './embedded-settings.ts';

export interface EmbeddedParts {
  readonly start: EmbeddedStart;
  readonly env: Environment;
  /** Takes a line of the log. Must not throw. */
  readonly print: (line: string) => void;
  /** Called once, when another process leads. */
  readonly onLost: () => void;
}

/**
 * Runs the actuator of one target: the loop of the service, without its HTTP. Returns the function that gives the lead
 * back and closes everything. Throws `ConfigError`.
 */
export async function runEmbedded({ start, env, print, onLost }: EmbeddedParts): Promise<() => Promise<void>> {
  const { leaderId, ...target } = start;
  const settings = resolveEmbeddedSettings(env, target);
  const log = createLog(secretsOf(settings), { write: print });
  const closers = new Closers(log);
  const host = { clock: SYSTEM_CLOCK, log };
  try {
    const embedded = { target, seat: { key: embeddedLeaderKey(target), id: leaderId } };
    // Its own metrics are not exported: the variables in this environment are the worker's.
    const begun = await begin({ settings, env: {}, host, closers, name: env.DYNO ?? null, embedded });
    const { measurements, connections, assembled, record, standby } = begun;
    announce(settings, target, log);
    void announceAccess(settings, { platform: connections.platform, view: assembled.platform, log });
    const { leadership } = assembled.tick.actor;
    const onTick = async () => {
      if (!leadership.leads()) onLost();
    };
    closers.add(
      run({ settings, measurements, connections, assembled, partitions: null, record, standby, host, onTick }),
    );
    return () => closers.closeAll();
  } catch (error) {
    await closers.closeAll();
    throw error;
  }
}

function announce({ permissions, policy }: ActuatorSettings, target: Target, log: Log): void {
  const { allowed, dryRun } = permissions;
  log.info('the actuator runs inside this worker', {
    target: targetKey(target),
    dryRun: typeof dryRun === 'boolean' ? dryRun : dryRun.map(targetKey),
    windowMs: policy.windowMs,
  });
  if (allowed.length === 0)
    log.warn(`TIDEMARK_TARGETS does not name ${targetKey(target)}: Tidemark will restart nothing here`, {
      advice: `set TIDEMARK_TARGETS=.:${target.processType}`,
    });
}
