import { LedgerUnavailable, PlatformError } from '../core/errors.ts';
import { matchesAny, type Target } from '../core/target.ts';
import type { ActuatorControl, DynoView, Health, RestartRequestAnswer } from '../web/api.ts';
import type { ActuatorParts } from './parts.ts';

export interface Standing {
  readonly leads: () => boolean;
  readonly ready: () => boolean;
}

/** What the API shows of the loop, and how a person steers it. */
export function createControl(parts: ActuatorParts, standing: Standing): ActuatorControl {
  return {
    dynos: () => dynosOf(parts),
    series: (app, dyno) => parts.registry.newestOf(app, dyno)?.series.entries() ?? null,
    decisions: (count) => parts.decisions.recent(count),
    restart: (app, dyno) => restart(parts, app, dyno),
    pause: (target) => steer(parts, target, 'pause'),
    resume: (target) => steer(parts, target, 'resume'),
    health: () => healthOf(parts, standing),
  };
}

/** The newest boot of each dyno; older ones are history. */
function dynosOf({ registry }: ActuatorParts): readonly DynoView[] {
  const newest = new Map<string, DynoView>();
  for (const { boot, decision } of registry.entries()) {
    if (decision === null) continue;
    const { app, dyno, release } = boot.identity;
    const view = {
      decision,
      firstPointMs: boot.firstPointMs,
      lastPointMs: boot.lastPointMs,
      completedJobs: boot.completedJobs,
      release,
    };
    const other = newest.get(`${app}|${dyno}`);
    if (other === undefined || other.firstPointMs < view.firstPointMs) newest.set(`${app}|${dyno}`, view);
  }
  return [...newest.values()].sort((a, b) => nameOf(a).localeCompare(nameOf(b), 'en', { numeric: true }));
}

function nameOf({ decision }: DynoView): string {
  return `${decision.app} ${decision.dyno}`;
}

/** A person's restart: skips detector, cooldown, budget and a spent boot, and nothing else. */
async function restart(parts: ActuatorParts, app: string, dyno: string): Promise<RestartRequestAnswer> {
  const { restarts } = parts;
  if (restarts === null)
    return { ok: false, why: parts.ledger === null ? 'ledger-unavailable' : 'platform-unavailable' };
  try {
    return await restarts.claimForPerson(app, dyno);
  } catch (error) {
    if (error instanceof LedgerUnavailable) return { ok: false, why: 'ledger-unavailable' };
    if (error instanceof PlatformError) return { ok: false, why: 'platform-unavailable' };
    throw error;
  }
}

async function steer({ ledger, log }: ActuatorParts, target: Target | null, what: 'pause' | 'resume'): Promise<void> {
  if (ledger === null)
    throw new LedgerUnavailable('no Redis is configured (REDIS_URL), so nothing is restarted anyway');
  await ledger[what](target);
  log.info(what === 'pause' ? 'paused by a person' : 'resumed by a person', { target: target ?? 'all' });
}

function healthOf(parts: ActuatorParts, standing: Standing): Health {
  const ledger = parts.ledgerState();
  const leading = standing.leads();
  return { ready: standing.ready() && leading, leading, ledger, restarts: restartsOf(parts, ledger) };
}

function restartsOf({ permissions, platform }: ActuatorParts, ledger: Health['ledger']): string {
  if (ledger !== 'available')
    return `off: the ledger (Redis) is ${ledger === 'unavailable' ? 'away' : 'not configured'}`;
  if (platform === null) return 'off: no HEROKU_API_TOKEN';
  const blocked = platform.blocked();
  if (blocked !== null) return `off: ${blocked.why}`;
  if (permissions.allowed.length === 0) return 'off: TIDEMARK_TARGETS is empty';
  if (permissions.dryRun === true) return 'off: dry run';
  const allDry = permissions.allowed.every((pattern) =>
    matchesAny(permissions.dryRun === false ? [] : (permissions.dryRun as never), pattern, permissions.ownApp),
  );
  return allDry ? 'off: dry run' : 'on';
}
