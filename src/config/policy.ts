import { ConfigError } from '../model/errors.ts';
import type { Policy } from '../model/policy.ts';
import { SETTINGS } from '../settings/settings.ts';
import { type SettingsInput, SettingsReader } from './settings-reader.ts';

/**
 * What `tidemark replay` reads of the settings. Throws one `ConfigError` that lists every fault, unknown `TIDEMARK_*`
 * variables and flags included.
 */
export function resolvePolicy(input: SettingsInput): Policy {
  const reader = new SettingsReader(input);
  reader.refuseUnknown('replay');
  const policy = readPolicy(reader);
  if (reader.faults.length > 0) throw new ConfigError(reader.faults);
  return policy;
}

export function readPolicy(reader: SettingsReader): Policy {
  const windowMs = reader.read(SETTINGS.windowMs);
  return {
    windowMs,
    softLimit: reader.read(SETTINGS.softLimit),
    hardLimit: reader.read(SETTINGS.hardLimit),
    maxRssBytes: reader.read(SETTINGS.maxRssBytes),
    minUptimeMs: reader.read(SETTINGS.minUptimeMs, windowMs),
    cooldownMs: reader.read(SETTINGS.cooldownMs, windowMs),
    leakHorizonMs: reader.read(SETTINGS.leakHorizonMs, windowMs),
    graceMs: reader.read(SETTINGS.graceMs),
    maxRestartsPerHour: reader.read(SETTINGS.maxRestartsPerHour),
    minHealthy: reader.read(SETTINGS.minHealthy),
    dynoCycleMs: reader.read(SETTINGS.dynoCycleMs),
    maxPointAgeMs: reader.read(SETTINGS.maxPointAgeMs, windowMs),
  };
}

/** The policy where nothing but the window (ms) is set. */
export function defaultPolicy(windowMs = 60_000): Policy {
  return readPolicy(new SettingsReader({ env: { [SETTINGS.windowMs.name]: `${windowMs}ms` }, flags: {} }));
}
