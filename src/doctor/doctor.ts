import { createHerokuPlatform, type HerokuPlatform } from '../adapters/heroku/platform.ts';
import { inspectRedis } from '../adapters/redis/server/inspect.ts';
import type { ActuatorSettings } from '../config/resolve.ts';
import type { Boot } from '../detector/boot/boot.ts';
import { PlatformError } from '../model/errors.ts';
import type { PlatformDyno } from '../ports.ts';
import { type ClockReading, checkClocks } from './check-clocks.ts';
import { checkHeroku } from './check-heroku.ts';
import { checkKafka } from './check-kafka.ts';
import { checkLedger } from './check-ledger.ts';
import { checkPoints, reportingBoots } from './check-points.ts';
import { checkRedis } from './check-redis.ts';
import { checkSettings } from './check-settings.ts';
import { checkTuning } from './check-tuning.ts';
import { type Finding, findingsOn } from './finding.ts';
import { readSavedState } from './saved-state.ts';

/**
 * Checks what the actuator would work with under these settings. Changes nothing: what it writes as a try is
 * deleted in the same step.
 *
 * @param env for `DYNO` and `NODE_TLS_REJECT_UNAUTHORIZED`
 */
export async function examine(
  settings: ActuatorSettings,
  env: Readonly<Record<string, string | undefined>>,
): Promise<readonly Finding[]> {
  const platform = openPlatform(settings);
  const [heroku, redis, kafka, saved, redisClock] = await Promise.all([
    platform === null ? [NO_TOKEN] : checkHeroku({ platform, ...policyOf(settings) }),
    checkRedis(settings),
    checkKafka(settings),
    readSavedState(settings),
    readRedisClock(settings),
  ]);
  const boots = saved?.boots ?? null;
  const dynos = platform === null ? new Map() : await readDynos(platform, settings, boots ?? []);
  const nowMs = Date.now();
  return [
    ...checkSettings(settings, env),
    ...heroku,
    ...redis,
    ...kafka,
    ...checkClocks([...redisClock, { who: 'Heroku', aheadMs: platform?.clockAheadMs() ?? null }]),
    ...checkLedger(saved, settings.policy),
    ...checkPoints({ settings, boots, dynos, nowMs }),
    ...checkTuning(reportingBoots(boots ?? [], settings, nowMs)),
  ];
}

const NO_TOKEN: Finding = findingsOn('Heroku').warning(
  'HEROKU_API_TOKEN is not set: quotas and uptimes come from the measurements, and nothing can be restarted',
  'make one with `heroku authorizations:create -s read,write`, and give it to the actuator only',
);

function openPlatform({ herokuApiToken, herokuApiUrl }: ActuatorSettings): HerokuPlatform | null {
  return herokuApiToken === null ? null : createHerokuPlatform({ token: herokuApiToken, apiUrl: herokuApiUrl });
}

function policyOf({ permissions, policy, sources, herokuWebhookSecret }: ActuatorSettings) {
  const takesHttp = sources.includes('otlp');
  return { permissions, minHealthy: policy.minHealthy, takesHttp, expectsWebhooks: herokuWebhookSecret !== null };
}

/** The ledger uses the clock of the state's Redis. */
async function readRedisClock({ stateRedisUrl }: ActuatorSettings): Promise<readonly ClockReading[]> {
  const answer = stateRedisUrl === null ? null : await inspectRedis(stateRedisUrl, 'other');
  return answer?.ok ? [{ who: `Redis at ${answer.found.host}`, aheadMs: answer.found.clockAheadMs }] : [];
}

/** The dynos of the apps that the allow-list or the measurements name. `checkHeroku` reports what cannot be read. */
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
