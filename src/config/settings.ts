/**
 * Every setting is declared once, here: its name, flag, default, unit and meaning. The parser, `--help` and the table in docs/settings.md
 * come from this list.
 */
export interface SettingDefinition {
  /** The environment variable. */
  readonly name: string;
  /** The command-line flag without `--`; null for secrets, which a process list would show. */
  readonly flag: string | null;
  /** Which half reads it. */
  readonly half: 'worker' | 'actuator' | 'both';
  /** The default as people read it. */
  readonly defaultText: string;
  readonly form: string;
  readonly meaning: string;
}

type Half = SettingDefinition['half'];

function setting(name: string, half: Half, texts: readonly [defaultText: string, form: string, meaning: string]) {
  const [defaultText, form, meaning] = texts;
  const secret = /TOKEN|WEBHOOK/.test(name);
  const flag = name
    .replace(/^TIDEMARK_(?!REDIS_URL)/, '')
    .toLowerCase()
    .replaceAll('_', '-');
  return { name, half, defaultText, form, meaning, flag: secret || half === 'worker' ? null : flag };
}

export const SETTINGS: readonly SettingDefinition[] = [
  setting('PORT', 'actuator', ['`4318`', 'port', 'Where the actuator listens.']),
  setting('HEROKU_API_TOKEN', 'actuator', [
    '-',
    'secret',
    'The token that may restart (scopes `read,write`). Give it to the actuator only.',
  ]),
  setting('HEROKU_API_URL', 'actuator', ['`https://api.heroku.com`', 'URL', 'The Platform API.']),
  setting('HEROKU_APP_NAME', 'both', [
    'set by Heroku',
    'app name',
    'This app: what `.` in `TIDEMARK_TARGETS` stands for.',
  ]),
  setting('TIDEMARK_TARGETS', 'actuator', [
    'empty',
    '`app:type,...`',
    'The allow-list; nothing outside it is ever restarted. `.` is this app, a trailing `*` in the app is for review apps: `.:worker,shop-pr-*:worker`.',
  ]),
  setting('TIDEMARK_DRY_RUN', 'actuator', [
    '`true`',
    '`true`, `false` or `app:type,...`',
    'Decide, but restart nothing; a list: these targets stay dry.',
  ]),
  setting('TIDEMARK_INGEST_TOKENS', 'actuator', [
    'none: loopback only',
    '`app=token,...`',
    'Who may deliver points, and for which app; `*=token` for a Collector that speaks for all.',
  ]),
  setting('TIDEMARK_ADMIN_TOKEN', 'actuator', [
    'none: loopback only',
    'secret',
    'Opens the API: Bearer, or the password of Basic.',
  ]),
  setting('REDIS_URL', 'both', [
    'none',
    'URL',
    "The queue's Redis. In the actuator also the state's, unless `TIDEMARK_REDIS_URL` names one.",
  ]),
  setting('TIDEMARK_REDIS_URL', 'actuator', ['`REDIS_URL`', 'URL', "The state's Redis: ledger and journal."]),
  setting('TIDEMARK_TRANSPORT', 'worker', [
    '`otlp`',
    '`otlp`, `redis` or `otlp,redis`',
    "How a worker sends its points: over OTLP/HTTP, or to a stream on the queue's Redis, over the connection that BullMQ has anyway.",
  ]),
  setting('TIDEMARK_SOURCE', 'actuator', [
    '`otlp`',
    '`otlp`, `redis` or `otlp,redis`',
    'Where the actuator takes points from: OTLP/HTTP on its port, or the stream on `REDIS_URL`, for an actuator that nothing can reach.',
  ]),
  setting('TIDEMARK_MAX_POINT_AGE', 'actuator', [
    '2 windows, at least 30 s',
    'duration',
    'Older points are counted, never used.',
  ]),
  setting('TIDEMARK_APP', 'worker', [
    '`HEROKU_APP_NAME`',
    'app name',
    'The app, where Heroku does not set its name. Boots of an unknown app are never restarted.',
  ]),
  setting('TIDEMARK_LIMIT', 'worker', [
    'found',
    'size',
    "The dyno's quota, before cgroup v2, cgroup v1 and `MEMORY_AVAILABLE`; the actuator prefers the platform's dyno size.",
  ]),
  setting('TIDEMARK_MAX_JOB_NAMES', 'worker', ['`100`', 'count', 'Job names beyond these are reported as `_other`.']),
  setting('TIDEMARK_SOFT_LIMIT', 'actuator', [
    '`80%`',
    '% of the limit, or size',
    'Bloat whose floor stays over it is restarted.',
  ]),
  setting('TIDEMARK_HARD_LIMIT', 'actuator', [
    '`100%`',
    '% of the limit, or size',
    'Any class whose floor stays over it for 3 windows, or whose kill point is predicted within two graces, is restarted.',
  ]),
  setting('TIDEMARK_MAX_RSS', 'actuator', [
    '`off`',
    'size or `off`',
    'Absolute: any class whose floor stays over it for 3 windows is restarted.',
  ]),
  setting('TIDEMARK_WINDOW', 'actuator', [
    '`1m`',
    'duration',
    "The detector's bucket (or 5 samples, whichever is longer). Its other spans are multiples of it.",
  ]),
  setting('TIDEMARK_MIN_UPTIME', 'actuator', ['10 windows', 'duration', 'Nothing automatic acts on a younger boot.']),
  setting('TIDEMARK_COOLDOWN', 'actuator', ['15 windows', 'duration', 'Between two restarts of a target.']),
  setting('TIDEMARK_LEAK_HORIZON', 'actuator', [
    '30 windows',
    'duration',
    'A leak is restarted when its floor will reach the limit within it, and in the last 12 % of its way there.',
  ]),
  setting('TIDEMARK_GRACE', 'actuator', ['`120s`', 'duration', 'How long a drain may take.']),
  setting('TIDEMARK_MAX_RESTARTS_PER_HOUR', 'actuator', ['`4`', 'count', 'The budget of each target.']),
  setting('TIDEMARK_MIN_HEALTHY', 'actuator', ['`0`', 'count', 'Other dynos of the type that must be up.']),
  setting('TIDEMARK_DYNO_CYCLE', 'actuator', [
    '`24h`',
    'duration or `off`',
    "The platform's own restart; `off` where it is bypassed.",
  ]),
  setting('TIDEMARK_WEBHOOK_URL', 'actuator', ['none', 'URL', 'Told of restarts, refusals and advice.']),
];
