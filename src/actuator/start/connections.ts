import { createHerokuPlatform, type HerokuPlatform } from '../../adapters/heroku/platform.ts';
import { createPointsReader, type PointsReader } from '../../adapters/redis/queue/points-reader.ts';
import { createRedisState, type RedisState } from '../../adapters/redis/state.ts';
import { createWebhookNotice, type WebhookNotice } from '../../adapters/webhook/notice.ts';
import type { ActuatorSettings } from '../../config/resolve.ts';
import type { JobTotals } from '../../job-totals/job-totals.ts';
import type { BootIdentity } from '../../model/point.ts';
import { holdMsOf } from '../../model/policy.ts';
import type { Target } from '../../model/target.ts';
import type { Ledger } from '../../ports.ts';
import type { Environment } from '../../shared/otel-environment.ts';
import type { Intake } from '../../sources/intake.ts';
import type { Position } from '../../sources/points/point-assembler.ts';
import { createPointsStreamSource } from '../../sources/points-stream.ts';
import type { Log } from '../report/log.ts';
import { exportMetrics, type MetricsExport } from '../report/metrics/metrics-export.ts';
import type { Closers } from './closers.ts';
import { type EmbeddedScope, isFollowed } from './embedded-scope.ts';

/**
 * The connections that the settings ask for. One that is not configured is null; a warning says so where it matters.
 */

export interface Connections {
  readonly state: RedisState | null;
  readonly platform: HerokuPlatform | null;
  readonly reader: PointsReader | null;
  readonly metrics: MetricsExport | null;
  readonly notice: WebhookNotice | null;
}

/** How long a stop waits for webhook messages that are being sent. */
const NOTICE_TIMEOUT_MS = 2_000;

interface OpenParts {
  readonly env: Environment;
  readonly intake: Intake;
  readonly jobs: JobTotals;
  readonly log: Log;
  readonly closers: Closers;
  /** Set in an actuator inside a worker. */
  readonly embedded: EmbeddedScope | null;
}

/**
 * Opens everything but the drain keys, which belong to the restarts. `closers` closes it again, also where a later part
 * throws.
 */
export async function openConnections(
  settings: ActuatorSettings,
  { env, intake, jobs, log, closers, embedded }: OpenParts,
): Promise<Connections> {
  const state = openState(settings, embedded, log);
  closers.add(() => state?.close());
  const platform = openPlatform(settings, log);
  const reader = openPointsReader(settings, { intake, embedded, log });
  closers.add(() => reader?.close());
  const metrics = await exportMetrics(env, log);
  closers.add(() => metrics?.stop());
  const notice = openNotice(settings, jobs, log);
  closers.add(() => notice?.close(NOTICE_TIMEOUT_MS));
  return { state, platform, reader, metrics, notice };
}

function openState(settings: ActuatorSettings, embedded: EmbeddedScope | null, log: Log): RedisState | null {
  if (settings.stateRedisUrl === null) {
    log.warn('no Redis is configured (REDIS_URL): Tidemark will restart nothing, its decisions are advice only');
    return null;
  }
  const { cooldownMs, maxRestartsPerHour } = settings.policy;
  const state = createRedisState({
    url: settings.stateRedisUrl,
    policy: { cooldownMs, maxRestartsPerHour, holdMs: holdMsOf(settings.policy) },
    log: (level, message) => log[level](message),
    ...(embedded === null ? {} : { seat: embedded.seat }),
  });
  if (embedded === null) return state;
  // It is the one inside.
  return { ...state, ledger: ledgerOf(state.ledger, embedded.target), isLedInside: async () => false };
}

/**
 * Without the open attempts of other targets: the actuators of other process types keep theirs in the same Redis, and
 * this one would abandon them because its allow-list does not name them.
 */
function ledgerOf(ledger: Ledger, only: Target): Ledger {
  return { ...ledger, open: async () => (await ledger.open()).filter(({ target }) => isFollowed(target, only)) };
}

/** A standby reads the stream too, so that it knows the boots when it takes over. */
function openPointsReader(
  { sources, queueRedisUrl }: ActuatorSettings,
  { intake, embedded, log }: Pick<OpenParts, 'intake' | 'embedded' | 'log'>,
): PointsReader | null {
  if (!sources.includes('redis') || queueRedisUrl === null) return null;
  const follows = (boot: BootIdentity) => isFollowed(boot, embedded?.target ?? null);
  const onEntry = createPointsStreamSource({ intake, follows, onFault: (message) => log.warn(message) });
  return createPointsReader({ url: queueRedisUrl, onEntry, log: (level, message) => log[level](message) });
}

/** How far the points stream was read; null where none is. */
export function placeInStream(reader: PointsReader | null): Position | null {
  return reader === null ? null : { stretch: 'stream', at: reader.lastId() };
}

function openPlatform(settings: ActuatorSettings, log: Log): HerokuPlatform | null {
  if (settings.herokuApiToken === null) {
    log.warn(
      'HEROKU_API_TOKEN is not set: Tidemark can restart nothing, and takes quotas and uptimes from the measurements',
    );
    return null;
  }
  return createHerokuPlatform({
    token: settings.herokuApiToken,
    apiUrl: settings.herokuApiUrl,
    log: (entry) => {
      if (entry.method === 'DELETE') log.info('platform call', { ...entry });
    },
  });
}

function openNotice({ webhookUrl, publicUrl }: ActuatorSettings, jobs: JobTotals, log: Log): WebhookNotice | null {
  if (webhookUrl === null) return null;
  const suspects = jobs.suspects.bind(jobs);
  return createWebhookNotice({ url: webhookUrl, publicUrl, suspects, onFault: (fault) => log.warn(fault) });
}

/** Values that must not appear in a log. */
export function secretsOf(settings: ActuatorSettings): readonly string[] {
  const { herokuApiToken, herokuWebhookSecret, adminToken, readToken, ingestTokens, webhookUrl } = settings;
  const { stateRedisUrl, queueRedisUrl, kafka } = settings;
  const passwords = [stateRedisUrl, queueRedisUrl].map((url) =>
    url === null ? '' : decodeURIComponent(new URL(url).password),
  );
  return [
    herokuApiToken,
    herokuWebhookSecret,
    adminToken,
    readToken,
    webhookUrl,
    kafka?.tls?.clientCertKey ?? null,
    ...passwords,
    ...ingestTokens.map(({ token }) => token),
  ].filter((secret) => secret !== null && secret !== '') as string[];
}
