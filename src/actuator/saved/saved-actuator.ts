import type { RedisState } from '../../adapters/redis/state.ts';
import { overall } from '../../decision/standing.ts';
import { readSnapshot } from '../../detector/boot/snapshot.ts';
import { JobTotals, jobLimitsFor } from '../../job-totals/job-totals.ts';
import { LedgerUnavailable } from '../../model/errors.ts';
import type { Permissions, Policy } from '../../model/policy.ts';
import { STATE_OBSTACLES } from '../../model/state-obstacle.ts';
import { type Target, type TargetKey, targetKey } from '../../model/target.ts';
import { oldSpaceBytes } from '../../sources/limits.ts';
import type { ActuatorControl } from '../../web/control.ts';
import type { Overview } from '../../web/views.ts';
import { BootRegistry, targetOfBootKey } from '../boot-registry.ts';
import { Chronicle } from '../chronicle/chronicle.ts';
import { createViews, dynoParts, type ViewParts } from '../doors/control.ts';
import { actuatorViews, holdersOf } from '../group/actuator-views.ts';
import { heldBy } from '../group/held-by.ts';
import type { Host } from '../host.ts';
import { LedgerAccess } from '../ledger-access.ts';
import { Fleet } from '../loop/fleet.ts';
import { Leadership } from '../loop/leadership.ts';
import { stepByStep } from '../loop/turns.ts';
import { EventHistory } from '../report/event-history.ts';
import { Standings } from '../report/standings.ts';
import { type OverviewParts, overview } from '../views/overview.ts';
import { useJournalledDecisions } from './journalled-decisions.ts';
import { shownPermissions } from './saved-settings.ts';

type SavedState =
  | 'ledger'
  | 'journal'
  | 'savedBoots'
  | 'savedJobs'
  | 'reports'
  | 'actuators'
  | 'available'
  | 'isLed'
  | 'seenObstacle';

export interface SavedParts {
  readonly state: Pick<RedisState, SavedState>;
  readonly settings: { readonly policy: Policy; readonly permissions: Permissions };
  readonly host: Host;
  /** By target, who holds it: nothing else is read. Null: all is read, for a command. */
  readonly only: ReadonlyMap<string, string> | null;
}

/** Boots of other actuators that are read: a page of all dynos of a big group would take it too long. */
const MAX_OF_OTHERS = 5_000;
/** As many decisions as an actuator shows. */
const JOURNAL_ENTRIES = 1000;
/** A dyno's clock may be ahead of ours by this much, as in the intake. */
const CLOCK_SLACK_MS = 60_000;

/**
 * What an actuator has left in Redis, as its API would show it: dynos from the boots' snapshots and the jobs next to
 * them, decisions from the journal, restarts and pauses from the ledger. Writes nothing and asks no platform. Throws
 * `LedgerUnavailable`.
 */
export async function readSaved({ state, settings, host, only }: SavedParts): Promise<ActuatorControl> {
  const { clock, log } = host;
  const registry = new BootRegistry(settings.policy);
  const wanted = {
    isWanted: (key: string) => isAmong(only, targetOfBootKey(key)),
    max: only === null ? Number.POSITIVE_INFINITY : MAX_OF_OTHERS,
  };
  const leftOut = await state.savedBoots(wanted, (_, json) => {
    const snapshot = readSnapshot(json, clock.now() + CLOCK_SLACK_MS);
    if (snapshot !== null) registry.adopt(snapshot.boot);
  });
  const jobs = new JobTotals(jobLimitsFor(oldSpaceBytes()));
  const savedJobs = await state.savedJobs(registry.entries().map(({ key }) => key));
  for (const { key, boot } of registry.entries()) {
    jobs.restore(boot.identity, savedJobs.get(key) ?? '', clock.now() + CLOCK_SLACK_MS);
  }
  const events = await state.journal.recent(JOURNAL_ENTRIES);
  const history = new EventHistory();
  history.restore(events);
  const permissions = shownPermissions(settings.permissions, registry.targets(), events);
  const rules = { policy: settings.policy, permissions };
  const ledgers = new LedgerAccess(state.ledger, state.available, log);
  const standings = new Standings({ registry, ledgers, rules, stateObstacle: state.seenObstacle, log });
  const fleet = new Fleet({ registry, platform: null, rules, host });
  const isLed = await state.isLed();
  await standings.refresh();
  await stepByStep(fleet.decide(registry.entries(), standings.views(), true));
  useJournalledDecisions(registry.entries(), events);
  const chronicle = new Chronicle(rules.policy.windowMs);
  await chronicle.note(registry.byApp(), { nowMs: clock.now(), accepted: 0 });
  chronicle.overLimit.restore(await state.reports.loadOverLimit(), clock.now());
  const seen = only === null ? await state.actuators.all() : [];
  const leadership = new Leadership(clock, 0, () => isLed);
  const views = { registry, history, ledgers, standings, fleet, leadership, chronicle, jobs, clock };
  const shown = createViews(views);
  const isCounted = (target: TargetKey) => only === null || only.has(target);
  const group = {
    holders: only ?? (seen.length > 1 ? holdersOf(seen, []) : new Map()),
    actuators: actuatorViews(null, seen, clock.now()),
  };
  return {
    ...shown,
    ...heldBy(shown, group.holders),
    ...whole(views, rules, { actuators: group.actuators, unreadBoots: leftOut, isCounted }),
    ...CHANGES_NOTHING,
  };
}

function isAmong(only: ReadonlyMap<string, string> | null, target: Target | null): boolean {
  return only === null || (target !== null && only.has(targetKey(target)));
}

type Rules = SavedParts['settings'];

/** The actuator as a whole. What only its memory holds (the platform's answers, the rate of points) is left open. */
function whole(
  parts: ViewParts,
  rules: Rules,
  { isCounted, ...group }: Pick<Overview, 'actuators' | 'unreadBoots'> & Pick<OverviewParts, 'isCounted'>,
): Pick<ActuatorControl, 'health' | 'overview' | 'refusals'> {
  const { leadership, standings, chronicle, clock } = parts;
  const leading = leadership.mayAct();
  const nowMs = clock.now();
  return {
    health: () => ({
      ready: leading,
      leading,
      ledger: standings.isLedgerUnusable() ? 'unavailable' : 'available',
      restarts: overall(standings.all(), leading ? obstacleToAll(standings) : 'no actuator leads'),
    }),
    refusals: () => [],
    overview: async () => ({
      ...(await overview({
        settings: { ...rules, sources: [], ingestTokens: [] },
        dynos: dynoParts(parts),
        standings,
        overLimit: chronicle.overLimit,
        meter: chronicle.meter,
        mode: { kind: 'act' },
        platform: { blocked: () => null, calls: () => null },
        startedAtMs: nowMs,
        isCounted,
      })),
      ...group,
      readFrom: 'redis',
    }),
  };
}

function obstacleToAll(standings: Standings): string | null {
  const found = standings.stateObstacle();
  return found === null ? null : STATE_OBSTACLES[found.code].says;
}

const refuse = async (): Promise<never> => {
  throw new LedgerUnavailable('what is read from Redis cannot be steered through it');
};
const CHANGES_NOTHING = {
  restart: refuse,
  pause: refuse,
  resume: refuse,
  herokuWebhooks: { closed: () => 'not-configured' as const, take: () => 'not-watched' as const },
};
