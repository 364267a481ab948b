import type { Attempt } from '../attempt/attempt.ts';
import { overall } from '../decision/standing.ts';
import { LedgerUnavailable, PlatformError } from '../model/errors.ts';
import type { Target } from '../model/target.ts';
import type { ActuatorControl, DynoView, Health, RestartRequestAnswer } from '../web/control.ts';
import type { ActuatorParts } from './parts.ts';
import type { Refusals } from './report/refusals.ts';
import type { Standings } from './report/standings.ts';

export interface ControlParts {
  readonly parts: ActuatorParts;
  readonly refusals: Refusals;
  readonly standings: Standings;
  /** Whether the state was read back. */
  readonly isRestored: () => boolean;
}

/** What the API shows of the loop, and how a person steers it. */
export function createControl(from: ControlParts): ActuatorControl {
  const { parts, refusals, standings } = from;
  const steer = async (target: Target | null, what: 'pause' | 'resume') => {
    if (parts.ledger === null)
      throw new LedgerUnavailable('no Redis is configured (REDIS_URL), so nothing is restarted anyway');
    await parts.ledger[what](target);
    parts.log.info(what === 'pause' ? 'paused by a person' : 'resumed by a person', { target: target ?? 'all' });
    await standings.refresh();
  };
  return {
    dynos: () => dynosOf(parts),
    series: (app, dyno) => parts.registry.newestOf(app, dyno)?.series.entries() ?? null,
    decisions: (count) => parts.decisions.recent(count),
    attempts: async (count) => parts.attempts.newest(count, await openAttempts(parts), standings.history()),
    restart: (app, dyno) => restart(parts, app, dyno),
    pause: (target) => steer(target, 'pause'),
    resume: (target) => steer(target, 'resume'),
    health: () => healthOf(from),
    standings: () => standings.all(),
    refusals: () => refusals.list(),
    platformBlock: () => parts.platform?.blocked()?.why ?? null,
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

/** As the ledger has them, whoever claimed them; null where it cannot be read. */
async function openAttempts({ ledger, ledgerState }: ActuatorParts): Promise<readonly Attempt[] | null> {
  if (ledger === null || ledgerState() !== 'available') return null;
  try {
    return await ledger.open();
  } catch (error) {
    if (error instanceof LedgerUnavailable) return null;
    throw error;
  }
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

function healthOf({ parts, standings, isRestored }: ControlParts): Health {
  const leading = parts.leads();
  const restarts = overall(standings.all(), obstacleToAll(parts, standings));
  return { ready: isRestored() && leading, leading, ledger: parts.ledgerState(), restarts };
}

/** Open to everyone, so it repeats nothing that the platform said. */
function obstacleToAll({ ledgerState, platform, leads, mayAct }: ActuatorParts, standings: Standings): string | null {
  const ledger = ledgerState();
  if (ledger === 'not-configured') return 'no Redis is configured';
  if (ledger === 'unavailable') return 'Redis is away';
  if (platform === null) return 'no HEROKU_API_TOKEN';
  if (!leads()) return 'standby, another actuator leads';
  const block = platform.blocked();
  if (block !== null)
    return block.status === 401 ? 'Heroku refuses the token' : "the account's Heroku API calls are used up";
  if (!standings.takesWrites()) return 'Redis takes no writes (is it full?)';
  return mayAct() || standings.areOff() ? null : 'just started, watching for one window first';
}
