import { ConfigError } from '../model/errors.ts';
import type { Permissions, Policy } from '../model/policy.ts';
import { matchesApp } from '../model/target.ts';
import type { MetricMap } from '../settings/metric-map.ts';
import { SETTINGS } from '../settings/settings.ts';
import { faultsOfCertificates, type KafkaTls } from './kafka-certificates.ts';
import { readPolicy } from './policy.ts';
import { type SettingsInput, SettingsReader } from './settings-reader.ts';

/**
 * A token, and the app whose measurements it may deliver: a name, a name with a trailing `*` for any ending, or `*` for
 * all apps.
 */
export interface IngestToken {
  /** An app's name, a name with a trailing `*`, or `*`. */
  readonly app: string;
  /** Without spaces. A secret. */
  readonly token: string;
}

/**
 * `otlp`: OTLP over HTTP. `redis`: the points stream on the queue's Redis. `logplex`: Heroku's log drains. `kafka`:
 * partitions of a Kafka topic, shared with other actuators; always alone.
 */
export type PointSource = 'otlp' | 'redis' | 'logplex' | 'kafka';

/** Where `kafka` measurements come from. */
export interface KafkaSettings {
  /** `host:port` of the brokers that are asked first. */
  readonly brokers: readonly string[];
  /** Null: the connection is not encrypted. */
  readonly tls: KafkaTls | null;
  /** That the Collector writes to, with `KAFKA_PREFIX`. */
  readonly topic: string;
  /** The consumer group, with `KAFKA_PREFIX`. */
  readonly group: string;
}

export type { KafkaTls };

/** Every setting of the actuator, resolved once and frozen. */
export interface ActuatorSettings {
  /** 0 to 65535; 0 lets the system choose one. */
  readonly port: number;
  /** Null: dynos are neither listed nor restarted. A secret. */
  readonly herokuApiToken: string | null;
  /** Without a trailing slash. */
  readonly herokuApiUrl: string;
  /** Platform calls an hour for watching dynos, at least 2. Restarts use none of them. */
  readonly apiBudget: number;
  /** Signs Heroku's app webhooks. Null: none are taken. A secret. */
  readonly herokuWebhookSecret: string | null;
  /** Which targets may be restarted, and which of them only in a dry run. */
  readonly permissions: Permissions;
  /** Empty: only programs on this machine may deliver measurements. Secrets. */
  readonly ingestTokens: readonly IngestToken[];
  /** Null: the API serves this machine only. A secret. */
  readonly adminToken: string | null;
  /** Reads page and API, and steers nothing. Null: there is no such token. A secret. */
  readonly readToken: string | null;
  /** Tidemark's own state; null: nothing is ever restarted. May hold a password. */
  readonly stateRedisUrl: string | null;
  /** BullMQ's Redis; null where only the state's is given: then jobs are not drained. May hold a password. */
  readonly queueRedisUrl: string | null;
  /** The limits and spans that decisions depend on. */
  readonly policy: Policy;
  /** Null: no messages are sent. A secret. */
  readonly webhookUrl: string | null;
  /** Where people reach the page, without a trailing slash; null: messages carry no links. */
  readonly publicUrl: string | null;
  /** Whether one message a week sums up what was done. */
  readonly weeklySummary: boolean;
  /** Whether workers are asked what their memory was made of before a restart. */
  readonly memoryReport: boolean;
  /** Where measurements are taken from; at least one. */
  readonly sources: readonly PointSource[];
  /** What other OTLP senders call what is measured; null: only Tidemark's own names are looked for. */
  readonly metricMap: MetricMap | null;
  /** Null: no Kafka is configured. */
  readonly kafka: KafkaSettings | null;
}

/**
 * Resolves the actuator's settings: a flag wins over the environment, the environment over the default. Reads nothing
 * but its argument.
 *
 * @param command whose flags they are: a fault names it; default: `actuator`
 * @throws {ConfigError} lists every fault: values that cannot be read, unknown `TIDEMARK_*` variables and flags, and
 * settings that are missing once `TIDEMARK_DRY_RUN` is off
 *
 * @example
 * ```ts
 * const settings = resolveActuatorSettings({ env: process.env, flags: { window: '2m' } });
 * ```
 */
export function resolveActuatorSettings(
  input: SettingsInput,
  command: 'actuator' | 'doctor' = 'actuator',
): ActuatorSettings {
  const reader = new SettingsReader(input);
  reader.refuseUnknown(command);
  const queueRedisUrl = reader.read(SETTINGS.queueRedisUrl);
  const settings: ActuatorSettings = {
    port: reader.read(SETTINGS.port),
    herokuApiToken: reader.read(SETTINGS.herokuApiToken),
    herokuApiUrl: reader.read(SETTINGS.herokuApiUrl),
    apiBudget: reader.read(SETTINGS.apiBudget),
    herokuWebhookSecret: reader.read(SETTINGS.herokuWebhookSecret),
    permissions: readPermissions(reader),
    ingestTokens: reader.read(SETTINGS.ingestTokens),
    adminToken: reader.read(SETTINGS.adminToken),
    readToken: reader.read(SETTINGS.readToken),
    queueRedisUrl,
    stateRedisUrl: reader.read(SETTINGS.stateRedisUrl) ?? queueRedisUrl,
    policy: readPolicy(reader),
    webhookUrl: reader.read(SETTINGS.webhookUrl),
    publicUrl: reader.read(SETTINGS.publicUrl)?.replace(/\/+$/, '') ?? null,
    weeklySummary: reader.read(SETTINGS.weeklySummary),
    memoryReport: reader.read(SETTINGS.memoryReport),
    sources: reader.read(SETTINGS.sources),
    metricMap: reader.read(SETTINGS.metricMap),
    kafka: readKafka(reader),
  };
  reader.faults.push(
    ...missingForSources(settings),
    ...missingForRestarts(settings, reader),
    ...uselessReadToken(settings),
    ...ingestTokensThatOpenMore(settings),
  );
  if (reader.faults.length > 0) throw new ConfigError(reader.faults);
  return Object.freeze(settings);
}

/**
 * The Redis of the state, and nothing else: a fault in another setting must not keep a person from stopping restarts.
 * Null where none is set. Throws `ConfigError`.
 */
export function resolveStateRedisUrl(env: SettingsInput['env']): string | null {
  const reader = new SettingsReader({ env, flags: {} });
  const url = reader.read(SETTINGS.stateRedisUrl) ?? reader.read(SETTINGS.queueRedisUrl);
  if (reader.faults.length > 0) throw new ConfigError(reader.faults);
  return url;
}

/** Where `tidemark page` listens. Throws `ConfigError`. */
export function resolvePagePort(env: SettingsInput['env']): number {
  const reader = new SettingsReader({ env, flags: {} });
  const port = reader.read(SETTINGS.port);
  if (reader.faults.length > 0) throw new ConfigError(reader.faults);
  return port;
}

/**
 * What decides how dynos are shown, for a command that reads what an actuator keeps in Redis. Without the actuator's
 * token and targets, which only it needs. Throws `ConfigError`.
 */
export function resolveShownSettings(env: SettingsInput['env']): Pick<ActuatorSettings, 'policy' | 'permissions'> {
  const reader = new SettingsReader({ env, flags: {} });
  const settings = { policy: readPolicy(reader), permissions: readPermissions(reader) };
  if (reader.faults.length > 0) throw new ConfigError(reader.faults);
  return settings;
}

function readPermissions(reader: SettingsReader): Permissions {
  return {
    allowed: reader.read(SETTINGS.targets),
    dryRun: reader.read(SETTINGS.dryRun),
    ownApp: reader.read(SETTINGS.ownApp),
  };
}

/** Of topic and consumer group, after the prefix. */
const KAFKA_NAME = 'tidemark';

function readKafka(reader: SettingsReader): KafkaSettings | null {
  const address = reader.read(SETTINGS.kafkaAddress);
  const name = `${reader.read(SETTINGS.kafkaPrefix) ?? ''}${KAFKA_NAME}`;
  const tls = {
    trustedCert: reader.read(SETTINGS.kafkaTrustedCert),
    clientCert: reader.read(SETTINGS.kafkaClientCert),
    clientCertKey: reader.read(SETTINGS.kafkaClientCertKey),
  };
  if (address === null) return null;
  return { brokers: address.brokers, tls: address.isTls ? tls : null, topic: name, group: name };
}

/** Measurements that nobody reads would look like silent workers. */
function missingForSources({ sources, queueRedisUrl, kafka }: ActuatorSettings): readonly string[] {
  if (sources.includes('redis') && queueRedisUrl === null)
    return ["TIDEMARK_SOURCE names redis, but REDIS_URL is not set: set it to the queue's Redis"];
  if (sources.includes('kafka') && kafka === null)
    return ['TIDEMARK_SOURCE is kafka, but KAFKA_URL is not set: set it, for example to kafka://127.0.0.1:9092'];
  if (sources.includes('kafka') && kafka?.tls) return faultsOfCertificates(kafka.tls);
  return [];
}

/** Alone it would open nothing, and equal to the admin token it would steer. */
function uselessReadToken({ adminToken, readToken }: ActuatorSettings): readonly string[] {
  if (readToken === null) return [];
  if (adminToken === null) return ['TIDEMARK_READ_TOKEN is set, but TIDEMARK_ADMIN_TOKEN is not: set both'];
  return readToken === adminToken
    ? ['TIDEMARK_READ_TOKEN is the same as TIDEMARK_ADMIN_TOKEN: give it another value']
    : [];
}

/** Workers and Collectors carry these tokens: one that leaks may forge measurements, and must not steer or read. */
function ingestTokensThatOpenMore({ ingestTokens, adminToken, readToken }: ActuatorSettings): readonly string[] {
  const same = ingestTokens.find(({ token }) => token === adminToken || token === readToken);
  if (same === undefined) return [];
  const name = same.token === adminToken ? 'TIDEMARK_ADMIN_TOKEN' : 'TIDEMARK_READ_TOKEN';
  return [`TIDEMARK_INGEST_TOKENS: the token of "${same.app}" is the same as ${name}: give it another value`];
}

/** With dry run off Tidemark restarts dynos. What that takes must be set: otherwise it would only seem to work. */
function missingForRestarts(
  { permissions, herokuApiToken }: ActuatorSettings,
  reader: SettingsReader,
): readonly string[] {
  const { allowed, dryRun, ownApp } = permissions;
  if (dryRun === true) return [];
  const isOwnAppUnknown = ({ app }: { readonly app: string }) => app === '.' && !matchesApp('.', ownApp ?? '', ownApp);
  return [
    // A value that cannot be read has its own fault, and is not missing.
    ...(herokuApiToken === null && !reader.isFaulty(SETTINGS.herokuApiToken)
      ? ['HEROKU_API_TOKEN is missing, but TIDEMARK_DRY_RUN is not "true": set the token, or leave dry run on']
      : []),
    ...(allowed.length === 0 && !reader.isFaulty(SETTINGS.targets)
      ? [
          'TIDEMARK_TARGETS is empty, but TIDEMARK_DRY_RUN is not "true": name what may be restarted, for ' +
            'example "shop:worker", or leave dry run on',
        ]
      : []),
    ...allowed
      .filter(isOwnAppUnknown)
      .map(
        ({ processType }) =>
          `TIDEMARK_TARGETS: ".:${processType}" means this app, but HEROKU_APP_NAME is not set: name the app, or ` +
          'enable runtime-dyno-metadata',
      ),
  ];
}
