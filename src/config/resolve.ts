import { ConfigError } from '../model/errors.ts';
import { defaultPolicy, type Permissions, type Policy, type Threshold } from '../model/policy.ts';
import { matchesAny, parseTargetPatterns, type TargetPattern } from '../model/target.ts';
import { parseDuration, parsePercentage, parseSize } from '../quantities.ts';
import { SETTINGS } from './settings.ts';

/** Who may deliver points for which app (`*`: all). */
interface IngestToken {
  readonly app: string;
  readonly token: string;
}

/** All settings of the actuator, resolved once and frozen. */
export interface ActuatorSettings {
  readonly port: number;
  readonly herokuApiToken: string | null;
  readonly herokuApiUrl: string;
  readonly permissions: Permissions;
  readonly ingestTokens: readonly IngestToken[];
  readonly adminToken: string | null;
  /** The state's Redis; null: nothing is ever restarted. */
  readonly stateRedisUrl: string | null;
  /** BullMQ's; null where only the state's is given. */
  readonly queueRedisUrl: string | null;
  readonly policy: Policy;
  readonly webhookUrl: string | null;
  /** The ways in for points. */
  readonly sources: readonly PointSource[];
}

/** Flags as given (`{ 'window': '2s' }`) and the environment. Precedence: flag, environment, default. */
export interface SettingsInput {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly flags: Readonly<Record<string, string>>;
}

const POINT_SOURCES = ['otlp', 'redis'] as const;

/** `otlp`: over HTTP. `redis`: from the points stream on the queue's Redis. */
type PointSource = (typeof POINT_SOURCES)[number];

const REAL_API_URL = 'https://api.heroku.com';
const MINUTE_MS = 60_000;

/** Reads the values of one start, and collects every fault before any is raised. */
class SettingsReader {
  readonly faults: string[] = [];
  readonly #input: SettingsInput;

  constructor(input: SettingsInput) {
    this.#input = input;
    this.#refuseUnknown();
  }

  #refuseUnknown(): void {
    const names = new Set(SETTINGS.map((setting) => setting.name));
    for (const name of Object.keys(this.#input.env)) {
      if (name.startsWith('TIDEMARK_') && !names.has(name)) {
        this.faults.push(`${name} is no setting of Tidemark${nearest(name, names)}; see "tidemark --help"`);
      }
    }
    const flags = new Set(SETTINGS.flatMap((setting) => (setting.flag === null ? [] : [setting.flag])));
    for (const flag of Object.keys(this.#input.flags)) {
      if (!flags.has(flag))
        this.faults.push(`--${flag} is no flag of Tidemark${nearest(flag, flags)}; see "tidemark --help"`);
    }
  }

  /** The text of a setting, and what to call it in a fault; an empty value counts as not set. */
  text(name: string): { readonly value: string; readonly source: string } | null {
    const flag = SETTINGS.find((setting) => setting.name === name)?.flag ?? null;
    const given = flag === null ? undefined : this.#input.flags[flag];
    if (given !== undefined) return { value: given.trim(), source: `--${flag}` };
    const value = this.#input.env[name]?.trim();
    return value === undefined || value === '' ? null : { value, source: name };
  }

  /** Reads a value by `parse`; null from it is a fault, and the default stands so that the other settings can be judged too. */
  read<T>(name: string, fallback: T, rule: { readonly parse: (text: string) => T | null; readonly form: string }): T {
    const text = this.text(name);
    if (text === null) return fallback;
    const value = rule.parse(text.value);
    if (value !== null) return value;
    const shown = /TOKEN|URL/.test(name) ? 'the value' : `"${text.value}"`;
    this.faults.push(`${text.source}: ${shown} is not ${rule.form}`);
    return fallback;
  }
}

const DURATION_FORM = 'a duration with its unit, for example "90s", "15m" or "24h"';
const LIMIT_FORM = 'a share of the limit or a size with its unit, for example "80%" or "450MiB"';

/** Resolves the actuator's settings; raises one `ConfigError` that lists every fault. */
export function resolveActuatorSettings(input: SettingsInput): ActuatorSettings {
  const reader = new SettingsReader(input);
  const permissions = readPermissions(reader);
  const herokuApiToken = reader.text('HEROKU_API_TOKEN')?.value ?? null;
  const redisUrl = reader.read<string | null>('REDIS_URL', null, REDIS_RULE);
  const settings: ActuatorSettings = {
    port: reader.read('PORT', 4318, { parse: parsePort, form: 'a port from 0 to 65535' }),
    herokuApiToken,
    herokuApiUrl: reader.read('HEROKU_API_URL', REAL_API_URL, {
      parse: parseApiUrl,
      form: 'an https:// URL (http:// is taken for this machine only: the token would go over the wire in clear)',
    }),
    permissions,
    ingestTokens: readIngestTokens(reader),
    adminToken: reader.text('TIDEMARK_ADMIN_TOKEN')?.value ?? null,
    queueRedisUrl: redisUrl,
    stateRedisUrl: reader.read('TIDEMARK_REDIS_URL', redisUrl, REDIS_RULE),
    policy: readPolicy(reader),
    webhookUrl: reader.read<string | null>('TIDEMARK_WEBHOOK_URL', null, {
      parse: parseWebUrl,
      form: 'an http(s) URL without a user and password in it',
    }),
    sources: reader.read<readonly PointSource[]>('TIDEMARK_SOURCE', ['otlp'], {
      parse: parseSources,
      form: '"otlp", "redis" or "otlp,redis"',
    }),
  };
  requireWhatSourcesNeed(reader, settings);
  requireWhatRestartsNeed(reader, settings);
  if (reader.faults.length > 0) throw new ConfigError(reader.faults);
  return Object.freeze(settings);
}

/** The state's Redis, and nothing else: a person who wants to stop restarts is not held up by a fault in another setting. */
export function resolveStateRedisUrl({ REDIS_URL, TIDEMARK_REDIS_URL }: SettingsInput['env']): string | null {
  const reader = new SettingsReader({ env: { REDIS_URL, TIDEMARK_REDIS_URL }, flags: {} });
  const redisUrl = reader.read<string | null>('REDIS_URL', null, REDIS_RULE);
  const stateRedisUrl = reader.read('TIDEMARK_REDIS_URL', redisUrl, REDIS_RULE);
  if (reader.faults.length > 0) throw new ConfigError(reader.faults);
  return stateRedisUrl;
}

/** The part that `tidemark replay` needs; unknown names and flags are faults there too. */
export function resolvePolicy(input: SettingsInput): Policy {
  const reader = new SettingsReader(input);
  const policy = readPolicy(reader);
  if (reader.faults.length > 0) throw new ConfigError(reader.faults);
  return policy;
}

function readPolicy(reader: SettingsReader): Policy {
  const windowMs = reader.read('TIDEMARK_WINDOW', MINUTE_MS, {
    parse: (text) => positive(parseDuration(text)),
    form: DURATION_FORM,
  });
  const base = defaultPolicy(windowMs);
  const duration = (name: string, fallback: number): number =>
    reader.read(name, fallback, { parse: parseDuration, form: DURATION_FORM });
  return {
    windowMs,
    softLimit: reader.read('TIDEMARK_SOFT_LIMIT', base.softLimit, { parse: parseThreshold, form: LIMIT_FORM }),
    hardLimit: reader.read('TIDEMARK_HARD_LIMIT', base.hardLimit, { parse: parseThreshold, form: LIMIT_FORM }),
    maxRssBytes: orOff(reader, 'TIDEMARK_MAX_RSS', base.maxRssBytes, {
      parse: parseSize,
      form: 'a size with its unit, for example "450MiB", or "off"',
    }),
    minUptimeMs: duration('TIDEMARK_MIN_UPTIME', base.minUptimeMs),
    cooldownMs: duration('TIDEMARK_COOLDOWN', base.cooldownMs),
    leakHorizonMs: duration('TIDEMARK_LEAK_HORIZON', base.leakHorizonMs),
    graceMs: duration('TIDEMARK_GRACE', base.graceMs),
    maxRestartsPerHour: reader.read('TIDEMARK_MAX_RESTARTS_PER_HOUR', base.maxRestartsPerHour, COUNT_RULE),
    minHealthy: reader.read('TIDEMARK_MIN_HEALTHY', base.minHealthy, COUNT_RULE),
    dynoCycleMs: orOff(reader, 'TIDEMARK_DYNO_CYCLE', base.dynoCycleMs, {
      parse: parseDuration,
      form: `${DURATION_FORM}, or "off"`,
    }),
    maxPointAgeMs: duration('TIDEMARK_MAX_POINT_AGE', base.maxPointAgeMs),
  };
}

const COUNT_RULE = {
  parse: (text: string): number | null => (/^\d{1,6}$/.test(text) ? Number(text) : null),
  form: 'a whole number, 0 or more',
} as const;

const REDIS_RULE = {
  parse: (text: string): string | null => (/^rediss?:\/\//.test(text) && hasReadablePassword(text) ? text : null),
  form: 'a redis:// or rediss:// URL (a % in its password is written %25)',
} as const;

function hasReadablePassword(text: string): boolean {
  if (!URL.canParse(text)) return false;
  try {
    decodeURIComponent(new URL(text).password);
    return true;
  } catch {
    return false;
  }
}

function orOff(
  reader: SettingsReader,
  name: string,
  fallback: number | null,
  rule: { readonly parse: (text: string) => number | null; readonly form: string },
): number | null {
  const OFF = Symbol('off');
  const value = reader.read<number | null | typeof OFF>(name, fallback, {
    parse: (text) => (text === 'off' || text === '0' ? OFF : rule.parse(text)),
    form: rule.form,
  });
  return typeof value === 'symbol' ? null : value;
}

function parseThreshold(text: string): Threshold | null {
  const fraction = parsePercentage(text);
  if (fraction !== null) return fraction > 0 && fraction <= 10 ? { kind: 'fraction', fraction } : null;
  const bytes = parseSize(text);
  return bytes === null ? null : { kind: 'bytes', bytes };
}

function readPermissions(reader: SettingsReader): Permissions {
  const allowed = readPatterns(reader, 'TIDEMARK_TARGETS');
  const dryRun = reader.text('TIDEMARK_DRY_RUN');
  const ownApp = reader.text('HEROKU_APP_NAME')?.value ?? null;
  if (dryRun === null || dryRun.value === 'true') return { allowed, dryRun: true, ownApp };
  if (dryRun.value === 'false') return { allowed, dryRun: false, ownApp };
  return { allowed, dryRun: readPatterns(reader, 'TIDEMARK_DRY_RUN'), ownApp };
}

function readPatterns(reader: SettingsReader, name: string): readonly TargetPattern[] {
  const text = reader.text(name);
  if (text === null) return [];
  const parsed = parseTargetPatterns(text.value);
  if (parsed.ok) return parsed.patterns;
  reader.faults.push(...parsed.faults.map((fault) => `${text.source}: ${fault}`));
  return [];
}

function readIngestTokens(reader: SettingsReader): readonly IngestToken[] {
  const text = reader.text('TIDEMARK_INGEST_TOKENS');
  if (text === null) return [];
  const tokens: IngestToken[] = [];
  text.value.split(',').forEach((entry, index) => {
    const [, app, token] = /^\s*([^=\s]+)\s*=\s*(\S+)\s*$/.exec(entry) ?? [];
    if (app !== undefined && token !== undefined) tokens.push({ app, token });
    // The entry itself is not shown: it may be the token alone.
    else if (entry.trim() !== '')
      reader.faults.push(
        `${text.source}: entry ${index + 1} is not app=token (for example "shop=...", "*=..." for a Collector)`,
      );
  });
  return tokens;
}

function parseSources(text: string): readonly PointSource[] | null {
  const names = text.split(',').map((name) => name.trim());
  const known = POINT_SOURCES.filter((source) => names.includes(source));
  return known.length === new Set(names).size ? known : null;
}

/** Points that nobody could ever read would look like workers that are silent. */
function requireWhatSourcesNeed(reader: SettingsReader, { sources, queueRedisUrl }: ActuatorSettings): void {
  if (!sources.includes('redis') || queueRedisUrl !== null) return;
  reader.faults.push("TIDEMARK_SOURCE names redis, and REDIS_URL is not set: set it to the queue's Redis");
}

/** With dry run off Tidemark is about to restart things: what it needs for that must be there, or it would only seem to work. */
function requireWhatRestartsNeed(reader: SettingsReader, settings: ActuatorSettings): void {
  const { allowed, dryRun, ownApp } = settings.permissions;
  if (dryRun === true) return;
  if (settings.herokuApiToken === null) {
    reader.faults.push(
      'HEROKU_API_TOKEN is missing, and TIDEMARK_DRY_RUN is not "true": set the token, or leave dry run on',
    );
  }
  if (allowed.length === 0) {
    reader.faults.push(
      'TIDEMARK_TARGETS is empty, and TIDEMARK_DRY_RUN is not "true": name what may be restarted, for example "shop:worker", or leave dry run on',
    );
  }
  for (const pattern of allowed) {
    if (
      pattern.app === '.' &&
      !matchesAny([pattern], { app: ownApp ?? '', processType: pattern.processType }, ownApp)
    ) {
      reader.faults.push(
        `TIDEMARK_TARGETS: ".:${pattern.processType}" means this app, but HEROKU_APP_NAME is not set; name the app, or enable runtime-dyno-metadata`,
      );
    }
  }
}

function parsePort(text: string): number | null {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  return port <= 65_535 ? port : null;
}

function parseApiUrl(text: string): string | null {
  if (!URL.canParse(text)) return null;
  const url = new URL(text);
  const local = ['127.0.0.1', 'localhost', '[::1]'].includes(url.hostname);
  return url.protocol === 'https:' || (url.protocol === 'http:' && local) ? text.replace(/\/+$/, '') : null;
}

function parseWebUrl(text: string): string | null {
  if (!/^https?:\/\//.test(text) || !URL.canParse(text)) return null;
  // `fetch` refuses such a URL, at each message anew.
  const { username, password } = new URL(text);
  return username === '' && password === '' ? text : null;
}

function positive(value: number | null): number | null {
  return value !== null && value > 0 ? value : null;
}

/** A hint for a misspelt name: the one known name that differs in at most two letters. */
function nearest(name: string, known: ReadonlySet<string>): string {
  const close = [...known].find((candidate) => editDistance(candidate, name) <= 2);
  return close === undefined ? '' : ` (did you mean ${close}?)`;
}

function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i += 1) {
    const current = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const substituted = (previous[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      current.push(Math.min(substituted, (previous[j] ?? 0) + 1, (current[j - 1] ?? 0) + 1));
    }
    previous = current;
  }
  return previous[b.length] ?? 0;
}
