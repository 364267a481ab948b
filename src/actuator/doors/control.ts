import type { Target } from '../../model/target.ts';
import type { ActuatorControl, DynoView, RestartRequestAnswer } from '../../web/control.ts';
import type { BootRegistry } from '../boot-registry.ts';
import type { LedgerAccess } from '../ledger-access.ts';
import type { EventHistory } from '../report/event-history.ts';
import type { Log } from '../report/log.ts';
import type { Standings } from '../report/standings.ts';

export interface ViewParts {
  readonly registry: BootRegistry;
  readonly history: EventHistory;
  readonly ledgers: LedgerAccess;
  readonly standings: Standings;
}

/** What the API shows of the loop. */
export function createViews({
  registry,
  history,
  ledgers,
  standings,
}: ViewParts): Pick<ActuatorControl, 'dynos' | 'series' | 'decisions' | 'attempts' | 'standings'> {
  return {
    dynos: () => dynosOf(registry),
    series: (app, dyno) => registry.newestOf(app, dyno)?.series.entries() ?? null,
    decisions: (count) => history.decisions.recent(count),
    attempts: async (count) => history.attempts.newest(count, await ledgers.open(), standings.history()),
    standings: () => standings.all(),
  };
}

export interface SteeringParts {
  readonly ledgers: LedgerAccess;
  readonly standings: Pick<Standings, 'refresh'>;
  /** A person's restart of one dyno of an app. */
  readonly restart: (app: string, dyno: string) => Promise<RestartRequestAnswer>;
  readonly log: Pick<Log, 'info'>;
}

/** How a person steers the loop. */
export function createSteering({
  ledgers,
  standings,
  restart,
  log,
}: SteeringParts): Pick<ActuatorControl, 'restart' | 'pause' | 'resume'> {
  const steer = async (target: Target | null, what: 'pause' | 'resume') => {
    await ledgers.required()[what](target);
    log.info(what === 'pause' ? 'paused by a person' : 'resumed by a person', { target: target ?? 'all' });
    // What is shown next must know of it.
    await standings.refresh();
  };
  return {
    restart,
    pause: (target) => steer(target, 'pause'),
    resume: (target) => steer(target, 'resume'),
  };
}

/** The newest boot of each dyno; older ones are history. */
function dynosOf(registry: BootRegistry): readonly DynoView[] {
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
