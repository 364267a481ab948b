import type { HerokuPlatform } from '../../adapters/heroku/platform.ts';
import type { ActuatorSettings } from '../../config/resolve.ts';
import { checkHeroku } from '../../doctor/check-heroku.ts';
import { checkTls, checkWebDyno } from '../../doctor/check-settings.ts';
import type { Environment } from '../../shared/otel-environment.ts';
import type { PlatformView } from '../platform/platform-view.ts';
import type { Log } from './log.ts';

/** Logs the set-up at a start. */
export function announce(
  settings: ActuatorSettings,
  {
    port,
    env,
    startToken,
    log,
  }: {
    readonly port: number;
    readonly env: Environment;
    readonly startToken: string;
    readonly log: Log;
  },
): void {
  const { allowed, dryRun } = settings.permissions;
  log.info('actuator is listening', {
    port,
    targets: allowed.map(({ app, processType }) => `${app}:${processType}`),
    dryRun: typeof dryRun === 'boolean' ? dryRun : dryRun.map(({ app, processType }) => `${app}:${processType}`),
    windowMs: settings.policy.windowMs,
  });
  if (settings.adminToken === null)
    log.info('commands over HTTP need this token until the next start', {
      startToken,
      advice: 'set TIDEMARK_ADMIN_TOKEN to it for tidemark restart, pause and resume; or set one of your own here',
    });
  if (allowed.length === 0)
    log.warn('TIDEMARK_TARGETS is empty, so the allow-list is empty: Tidemark will restart nothing');
  for (const { says, advice } of checkTls(env)) log.error(says, { advice });
  for (const { says, advice } of checkWebDyno(settings, env)) log.warn(says, { advice });
}

/** Each takes two calls, at every start; `tidemark doctor` checks all. */
const MAX_TARGETS = 5;

/**
 * Logs at the start, not at the first restart, which account the token belongs to and what it can reach. The loop does
 * not wait for it.
 *
 * @param view is blocked at once where the platform refuses the token
 */
export async function announceAccess(
  settings: ActuatorSettings,
  {
    platform,
    view,
    log,
  }: { readonly platform: HerokuPlatform | null; readonly view: PlatformView | null; readonly log: Log },
): Promise<void> {
  if (platform === null) return;
  const { permissions, policy } = settings;
  const madeBefore = platform.callsMade();
  try {
    const takesHttp = settings.sources.includes('otlp');
    const findings = await checkHeroku({
      platform,
      permissions,
      minHealthy: policy.minHealthy,
      takesHttp,
      maxTargets: MAX_TARGETS,
      onRefused: (error) => view?.block(error),
    });
    for (const { level, says, advice } of findings) {
      if (level === 'ok') log.info(says);
      else log[level === 'fault' ? 'error' : 'warn'](says, { advice });
    }
  } catch (error) {
    log.error('the access to Heroku could not be checked', {
      error: error instanceof Error ? error.stack : String(error),
    });
  } finally {
    view?.budget.charge(platform.callsMade() - madeBefore);
  }
}
