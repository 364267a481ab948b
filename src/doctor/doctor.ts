import { createHerokuPlatform, type HerokuPlatform } from '../adapters/heroku/platform.ts';
import { createRedisState } from '../adapters/redis/state.ts';
import type { ActuatorSettings } from '../config/resolve.ts';
import type { Boot } from '../core/boot.ts';
import { LedgerUnavailable, PlatformError } from '../core/errors.ts';
import { readSnapshot } from '../core/snapshot.ts';
import type { PlatformDyno } from '../ports.ts';
import { checkHeroku } from './check-heroku.ts';
import { checkPoints, reportingBoots } from './check-points.ts';
import { checkRedis } from './check-redis.ts';
import { checkSettings } from './check-settings.ts';
import { checkTuning } from './check-tuning.ts';
import { type Finding, findingsOn } from './finding.ts';

const REDIS_TIMEOUT_MS = 3_000;

/** Examines what the actuator would work with under these settings. It reads, and changes nothing. */
export async function examine(
  settings: ActuatorSettings,
  env: Readonly<Record<string, string | undefined>>,
): Promise<readonly Finding[]> {
  const platform = openPlatform(settings);
  const [heroku, redis, boots] = await Promise.all([
    platform === null ? [NO_TOKEN] : checkHeroku({ platform, ...policyOf(settings) }),
    checkRedis(settings),
    readBoots(settings),
  ]);
  const dynos = platform === null ? new Map() : await readDynos(platform, settings, boots ?? []);
  const nowMs = Date.now();
  return [
    ...checkSettings(settings, env),
    ...heroku,
    ...redis,
    ...checkPoints({ settings, boots, dynos, nowMs }),
    ...checkTuning(reportingBoots(boots ?? [], settings, nowMs)),
  ];
}

const NO_TOKEN: Finding = findingsOn('Heroku').warning(
  'HEROKU_API_TOKEN is not set: quotas and uptimes come from the points, and nothing can be restarted',
  'make one with `heroku authorizations:create -s read,write`, and give it to the actuator alone',
);

function openPlatform({ herokuApiToken, herokuApiUrl }: ActuatorSettings): HerokuPlatform | null {
  return herokuApiToken === null ? null : createHerokuPlatform({ token: herokuApiToken, apiUrl: herokuApiUrl });
}

function policyOf({ permissions, policy }: ActuatorSettings) {
  return { permissions, minHealthy: policy.minHealthy };
}

/** The boots that actuators saved; null where Redis is not there, which `checkRedis` tells. */
async function readBoots({ stateRedisUrl, policy }: ActuatorSettings): Promise<readonly Boot[] | null> {
  if (stateRedisUrl === null) return null;
  const { cooldownMs, maxRestartsPerHour } = policy;
  const state = createRedisState({ url: stateRedisUrl, policy: { cooldownMs, maxRestartsPerHour, holdMs: 0 } });
  try {
    if (!(await state.untilAvailable(REDIS_TIMEOUT_MS))) return null;
    const texts = await state.snapshots.loadAll();
    return [...texts.values()].flatMap((text) => readSnapshot(text)?.boot ?? []);
  } catch (error) {
    if (error instanceof LedgerUnavailable) return null;
    throw error;
  } finally {
    await state.close();
  }
}

/** Of the apps that the allow-list or the points name. What cannot be read is told by `checkHeroku`. */
async function readDynos(
  platform: HerokuPlatform,
  { permissions }: ActuatorSettings,
  boots: readonly Boot[],
): Promise<ReadonlyMap<string, readonly PlatformDyno[]>> {
  const named = permissions.allowed.map(({ app }) => (app === '.' ? permissions.ownApp : app));
  const reporting = boots.map(({ identity }) => identity.app);
  const apps = new Set([...named, ...reporting].filter((app) => app !== null && !app.endsWith('*')));
  const found = new Map<string, readonly PlatformDyno[]>();
  for (const app of apps) {
    if (app === null) continue;
    try {
      found.set(app, await platform.list(app));
    } catch (error) {
      if (!(error instanceof PlatformError)) throw error;
    }
  }
  return found;
}
