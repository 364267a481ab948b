import type { JobTotals } from '../../job-totals/job-totals.ts';
import { type Target, targetKey } from '../../model/target.ts';
import type { ActuatorEvent, Clock } from '../../ports.ts';
import type { ActuatorControl, RestartRequestAnswer } from '../../web/control.ts';
import type { BootRegistry } from '../boot-registry.ts';
import type { Chronicle } from '../chronicle/chronicle.ts';
import type { LedgerAccess } from '../ledger-access.ts';
import type { Fleet } from '../loop/fleet.ts';
import type { Leadership } from '../loop/leadership.ts';
import { stepByStep } from '../loop/turns.ts';
import type { EventHistory } from '../report/event-history.ts';
import type { Log } from '../report/log.ts';
import type { Standings } from '../report/standings.ts';
import { attemptDetail, attemptRecords } from '../views/attempt-views.ts';
import { type DynoViewParts, dynoDetail, dynosAfter, dynosInParts } from '../views/dyno-views.ts';

export interface ViewParts {
  readonly registry: BootRegistry;
  readonly history: EventHistory;
  readonly ledgers: LedgerAccess;
  readonly standings: Standings;
  readonly fleet: Fleet;
  readonly leadership: Pick<Leadership, 'mayAct' | 'mayActOn'>;
  readonly chronicle: Chronicle;
  readonly jobs: JobTotals;
  readonly clock: Pick<Clock, 'now'>;
}

type Shown =
  | 'dynosInParts'
  | 'dynosAfter'
  | 'hasReported'
  | 'dyno'
  | 'decisions'
  | 'attempts'
  | 'attempt'
  | 'jobs'
  | 'standings';

/** What the API shows of the loop. */
export function createViews(parts: ViewParts): Pick<ActuatorControl, Shown> {
  const { registry, history, ledgers, standings, chronicle, jobs, clock } = parts;
  const dynos = dynoParts(parts);
  const attempts = { attempts: history.attempts, ledgers, standings, registry, log: chronicle.log };
  return {
    dynosInParts: () => dynosInParts(dynos),
    dynosAfter: (place, count, isLeftOut) => dynosAfter(dynos, place, count, isLeftOut),
    hasReported: ({ app, processType }) =>
      registry.ofApp(app).some(({ boot: { identity } }) => identity.processType === processType),
    dyno: (app, dyno) => dynoDetail(dynos, app, dyno),
    decisions: (count) => history.decisions.recent(count),
    attempts: (count) => attemptRecords(attempts, count),
    attempt: (id) => attemptDetail(attempts, id),
    jobs: keptFor(JOBS_KEPT_MS, clock, () => stepByStep(jobs.addUp(clock.now()))),
    standings: () => standings.all(),
  };
}

/** Adding all series up takes a tenth of a second in a large fleet, and workers export every ten seconds. */
const JOBS_KEPT_MS = 5_000;

function keptFor<T>(ms: number, clock: Pick<Clock, 'now'>, make: () => Promise<T>): () => Promise<T> {
  let kept: { readonly atMs: number; readonly value: Promise<T> } | null = null;
  return () => {
    const nowMs = clock.now();
    if (kept === null || Math.abs(nowMs - kept.atMs) > ms) kept = { atMs: nowMs, value: make() };
    return kept.value;
  };
}

export function dynoParts(parts: ViewParts): DynoViewParts {
  const { registry, history, standings, fleet, leadership, chronicle, jobs, clock } = parts;
  return {
    registry,
    fleet,
    standings,
    leadership,
    log: chronicle.log,
    quotaErrors: chronicle.quotaErrors,
    attempts: history.attempts,
    nowMs: () => clock.now(),
    suspects: ({ identity }, count) => jobs.suspects(identity, count),
  };
}

export interface SteeringParts {
  readonly ledgers: LedgerAccess;
  readonly standings: Pick<Standings, 'refresh'>;
  /** A person's restart of one dyno of an app. */
  readonly restart: (app: string, dyno: string) => Promise<RestartRequestAnswer>;
  readonly publish: (event: ActuatorEvent) => Promise<void>;
  readonly clock: Pick<Clock, 'now'>;
  readonly log: Pick<Log, 'info'>;
}

/** How a person steers the loop. */
export function createSteering({
  ledgers,
  standings,
  restart,
  publish,
  clock,
  log,
}: SteeringParts): Pick<ActuatorControl, 'restart' | 'pause' | 'resume'> {
  const steer = async (target: Target | null, what: 'pause' | 'resume', by: string | null) => {
    await ledgers.required()[what](target, by);
    log.info(what === 'pause' ? 'paused by a person' : 'resumed by a person', { target: target ?? 'all', by });
    const key = target === null ? null : targetKey(target);
    await publish({ type: 'steering', timeMs: clock.now(), what, target: key, by });
    // What is shown next must know of it.
    await standings.refresh();
  };
  return {
    restart,
    pause: (target, by = null) => steer(target, 'pause', by),
    resume: (target, by = null) => steer(target, 'resume', by),
  };
}
