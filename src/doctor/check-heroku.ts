import type { HerokuPlatform } from '../adapters/heroku/platform.ts';
import type { FormationEntry, TokenGrant } from '../adapters/heroku/resources.ts';
import { PlatformError } from '../model/errors.ts';
import type { Permissions } from '../model/policy.ts';
import { matchesAny, type TargetPattern } from '../model/target.ts';
import { formatBytes, formatDuration } from '../model/text/format.ts';
import { HEROKU_WEBHOOK_PATH } from '../web/schema/webhook-path.ts';
import { type Finding, findingsOn } from './finding.ts';

const { ok, warning, fault } = findingsOn('Heroku');

/** With fewer calls left in the account's hour, other tools seem to use them up. */
const FEW_CALLS = 1000;
/** How many of the apps that a pattern matches are checked: each costs calls. */
const MAX_APPS_CHECKED = 20;

export interface HerokuCheckOptions {
  readonly platform: HerokuPlatform;
  readonly permissions: Permissions;
  readonly minHealthy: number;
  /** Whether measurements come over HTTP, and so through Heroku's router where the actuator runs there. */
  readonly takesHttp: boolean;
  /** How many targets are checked, each for two calls. Default: all of them, 20 of a pattern. */
  readonly maxTargets?: number;
  /** Where Heroku's app webhooks should go: `TIDEMARK_WEBHOOK_SECRET` is set. */
  readonly expectsWebhooks?: boolean;
  /** Called where the platform refuses the token itself, or more calls. */
  readonly onRefused?: (error: PlatformError) => void;
}

/**
 * Checks whose token it is, what it may do, and whether the allow-list names what exists. Reads only. Never rejects for
 * what the platform does.
 */
export async function checkHeroku(options: HerokuCheckOptions): Promise<readonly Finding[]> {
  const account = await tried(() => options.platform.account());
  if (account instanceof PlatformError) {
    options.onRefused?.(account);
    // With the scopes read and write alone the account may be closed to a token that can still list dynos.
    if (account.status !== 403) return [faultOf(account)];
  }
  const who = account instanceof PlatformError ? 'an account that it cannot read' : account.email;
  return [
    ok(`the token speaks for ${who}`),
    ...(await checkGrant(options.platform)),
    ...(await checkTargets(options)),
    ...(await checkWebDynos(options)),
    ...checkCalls(options.platform),
  ];
}

async function checkGrant(platform: HerokuPlatform): Promise<readonly Finding[]> {
  const grant = await tried(() => platform.grant());
  if (grant instanceof PlatformError) return [faultOf(grant)];
  if (grant === null) {
    return [ok('the token may not list tokens, which is good; whether it may write shows at the first restart')];
  }
  return [...checkExpiry(grant), ...checkScopes(grant)];
}

function checkExpiry({ expiresInMs }: TokenGrant): readonly Finding[] {
  if (expiresInMs === null) return [];
  const advice = 'make one that does not expire: `heroku authorizations:create -s read,write`, without --expires-in';
  const when = `in ${formatDuration(expiresInMs)}`;
  return [warning(`the token expires ${when}: after that nothing is restarted and no quota is read`, advice)];
}

function checkScopes({ scopes }: TokenGrant): readonly Finding[] {
  if (scopes.includes('global')) {
    const advice = 'make one that can do less: `heroku authorizations:create -s read,write`';
    return [warning('the token has the scope global: it can read config vars and change the account', advice)];
  }
  const missing = ['read', 'write'].filter((scope) => !scopes.some((one) => one.startsWith(scope)));
  if (missing.length === 0) return [ok(`the token has the scopes ${scopes.join(', ')}`)];
  const advice = '`heroku authorizations:create -s read,write`';
  return [fault(`the token lacks the scope ${missing.join(' and ')}`, advice)];
}

async function checkTargets(options: HerokuCheckOptions): Promise<readonly Finding[]> {
  const { platform, permissions } = options;
  const needsList = permissions.allowed.some(({ app }) => app.endsWith('*'));
  const visible = needsList ? await tried(() => platform.apps()) : [];
  if (visible instanceof PlatformError) return [faultOf(visible)];
  const found: Finding[] = [];
  const { allowed } = permissions;
  const checked = allowed.slice(0, options.maxTargets ?? allowed.length);
  for (const pattern of checked) found.push(...(await checkPattern(options, pattern, visible)));
  const rest = allowed.length - checked.length;
  return rest > 0 ? [...found, ok(`${rest} more entries of the allow-list were not checked`)] : found;
}

async function checkPattern(
  options: HerokuCheckOptions,
  pattern: TargetPattern,
  visible: readonly string[],
): Promise<readonly Finding[]> {
  const { ownApp } = options.permissions;
  if (!pattern.app.endsWith('*')) {
    const app = pattern.app === '.' ? ownApp : pattern.app;
    if (app !== null) return checkTarget(options, app, pattern.processType);
    const advice = 'name the app in TIDEMARK_TARGETS, or `heroku labs:enable runtime-dyno-metadata` and deploy';
    return [fault(`.:${pattern.processType} means this app, but its name is unknown: it allows nothing`, advice)];
  }
  const matching = visible.filter((app) => matchesAny([pattern], { app, processType: pattern.processType }, ownApp));
  if (matching.length === 0) {
    const advice = 'there may be no review app now; otherwise give the account access to them';
    return [warning(`no app that the token can see matches ${pattern.app}`, advice)];
  }
  const found: Finding[] = [];
  const most = Math.min(MAX_APPS_CHECKED, options.maxTargets ?? MAX_APPS_CHECKED);
  for (const app of matching.slice(0, most)) {
    found.push(...(await checkTarget(options, app, pattern.processType)));
  }
  const rest = matching.length - most;
  return rest > 0 ? [...found, ok(`${rest} more apps match ${pattern.app}`)] : found;
}

async function checkTarget(options: HerokuCheckOptions, app: string, processType: string): Promise<readonly Finding[]> {
  const read = await tried(() => options.platform.formation(app));
  if (read instanceof PlatformError) return [faultOf(read)];
  const entry = read.find((one) => one.processType === processType);
  if (entry === undefined) {
    const types = read.map((one) => one.processType).join(', ') || 'none';
    return [fault(`${app} has no process type ${processType}; it has: ${types}`, 'correct TIDEMARK_TARGETS')];
  }
  return [
    await checkQuota(options, app, entry),
    ...checkQuantity(options, app, entry),
    ...(await checkWebhooks(options, app)),
  ];
}

async function checkWebhooks(
  { platform, expectsWebhooks }: HerokuCheckOptions,
  app: string,
): Promise<readonly Finding[]> {
  if (expectsWebhooks !== true) return [];
  const advice =
    `heroku webhooks:add -a ${app} -i api:dyno,dyno -l sync -s <TIDEMARK_WEBHOOK_SECRET> ` +
    `-u https://<this actuator>${HEROKU_WEBHOOK_PATH}`;
  const webhooks = await tried(() => platform.webhooks(app));
  if (webhooks instanceof PlatformError) {
    return [ok(`this token cannot see the webhooks of ${app}: look with \`heroku webhooks -a ${app}\``)];
  }
  const ours = webhooks.filter(({ url }) => url.endsWith(HEROKU_WEBHOOK_PATH));
  if (ours.length === 0) return [warning(`${app} sends no webhooks to Tidemark, so its dynos are read`, advice)];
  if (ours.some(({ include }) => include.includes('dyno'))) return [ok(`${app} sends webhooks about its dynos`)];
  return [warning(`the webhooks of ${app} do not say when a dyno is up or ends: add dyno to api:dyno`, advice)];
}

async function checkQuota({ platform }: HerokuCheckOptions, app: string, entry: FormationEntry): Promise<Finding> {
  const { processType, size } = entry;
  const quotas = await tried(() => platform.quotas(app));
  if (quotas instanceof PlatformError) return faultOf(quotas);
  const quota = size === null ? undefined : quotas.get(size.toLowerCase());
  if (quota === undefined) {
    const advice = 'give the limit in the workers: TIDEMARK_LIMIT=512MiB';
    return warning(`${app}:${processType}: the memory of its dyno size ${size ?? '(none)'} is unknown`, advice);
  }
  const kill = `the platform acts at ${formatBytes(quota.killBytes)}`;
  return ok(`${app}:${processType}: ${size}, quota ${formatBytes(quota.limitBytes)}, ${kill}`);
}

function checkQuantity({ minHealthy }: HerokuCheckOptions, app: string, entry: FormationEntry): readonly Finding[] {
  const { processType, quantity } = entry;
  if (quantity === 0) {
    return [warning(`${app}:${processType} is scaled to 0`, `to start it: heroku ps:scale ${processType}=1 -a ${app}`)];
  }
  if (quantity <= minHealthy) {
    const advice = `set TIDEMARK_MIN_HEALTHY below ${quantity}, or scale up`;
    const says =
      `${app}:${processType} has ${quantity} dynos, but TIDEMARK_MIN_HEALTHY=${minHealthy} others ` +
      'must be up: it is never restarted';
    return [fault(says, advice)];
  }
  if (quantity > 1) return [];
  const advice = 'fine where jobs may wait some minutes; otherwise run two';
  return [warning(`${app}:${processType} is a single dyno: while it restarts its jobs wait in the queue`, advice)];
}

/** More than one web dyno of the actuator's own app, as far as this token can see that app. */
async function checkWebDynos({ platform, permissions, takesHttp }: HerokuCheckOptions): Promise<readonly Finding[]> {
  const { ownApp } = permissions;
  if (ownApp === null || !takesHttp) return [];
  const read = await tried(() => platform.formation(ownApp));
  // The token's account needs to see the target apps only.
  if (read instanceof PlatformError) return [ok(`this token cannot see how many web dynos ${ownApp} has`)];
  const quantity = read.find(({ processType }) => processType === 'web')?.quantity ?? 0;
  return quantity > 1 ? [severalWebDynos(`${ownApp} has ${quantity} web dynos`, ownApp)] : [];
}

/** Several web dynos of the actuator's app: measurements reach dynos that do not lead. */
export function severalWebDynos(seen: string, app: string): Finding {
  return warning(
    `${seen}: Heroku's router scatters the measurements over them, and only the one that leads takes them`,
    `run one: heroku ps:scale web=1 -a ${app}`,
  );
}

function checkCalls(platform: HerokuPlatform): readonly Finding[] {
  const left = platform.rateLimitRemaining();
  if (left === null) return [];
  if (left >= FEW_CALLS) return [ok(`${left} API calls of this hour are left to the account`)];
  const advice = 'give Tidemark an account of its own: all tools of an account share 4,500 calls an hour';
  return [warning(`only ${left} API calls of this hour are left to the account`, advice)];
}

function faultOf(error: PlatformError): Finding {
  if (error.status === null) return fault(error.message, 'check HEROKU_API_URL and the network');
  if (error.status === 401) return fault(error.message, "set the new token in the actuator's app: HEROKU_API_TOKEN");
  return fault(error.message, 'see the words in brackets, and status.heroku.com');
}

async function tried<T>(read: () => Promise<T>): Promise<T | PlatformError> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof PlatformError) return error;
    throw error;
  }
}
