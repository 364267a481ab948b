import { type ActuatorSettings, resolveActuatorSettings } from '../config/resolve.ts';
import { ConfigError } from '../model/errors.ts';
import { matchesApp, type Target } from '../model/target.ts';
import { SETTINGS } from '../settings/settings.ts';
import type { Environment } from '../shared/otel-environment.ts';

/**
 * The settings of an actuator inside a worker: those of the service, read from the worker's environment. It takes
 * measurements from the points stream, and of the allow-list only what names its own process type is left.
 *
 * Throws `ConfigError`.
 */
export function resolveEmbeddedSettings(env: Environment, own: Target): ActuatorSettings {
  const settings = resolveActuatorSettings({
    env: { ...env, ...OVERRIDES, [SETTINGS.ownApp.name]: own.app },
    flags: {},
  });
  if (settings.queueRedisUrl === null)
    throw new ConfigError(["REDIS_URL is not set: TIDEMARK_EMBEDDED needs the queue's Redis, which holds the ledger"]);
  const { permissions } = settings;
  const allowed = permissions.allowed.filter(
    ({ app, processType }) => processType === own.processType && matchesApp(app, own.app, permissions.ownApp),
  );
  return { ...settings, permissions: { ...permissions, allowed } };
}

/** There is no door: nothing listens, and a token of one would be without use. */
const OVERRIDES = {
  [SETTINGS.sources.name]: 'redis',
  [SETTINGS.port.name]: '0',
  [SETTINGS.ingestTokens.name]: '',
  [SETTINGS.readToken.name]: '',
};
