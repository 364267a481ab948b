import type { RedisState } from '../../adapters/redis/state.ts';
import { overall } from '../../decision/standing.ts';
import { readSnapshot } from '../../detector/boot/snapshot.ts';
import { JobTotals, jobLimitsFor } from '../../job-totals/job-totals.ts';
import { LedgerUnavailable } from '../../model/errors.ts';
import type { Permissions, Policy } from '../../model/policy.ts';
import { oldSpaceBytes } from '../../sources/limits.ts';
import type { ActuatorControl } from '../../web/control.ts';
import { BootRegistry } from '../boot-registry.ts';
import { Chronicle } from '../chronicle/chronicle.ts';
import { createViews, dynoParts, type ViewParts } from '../doors/control.ts';
import type { Host } from '../host.ts';
import { LedgerAccess } from '../ledger-access.ts';
import { Fleet } from '../loop/fleet.ts';
import { Leadership } from '../loop/leadership.ts';
import { EventHistory } from '../report/event-history.ts';
import { Standings } from '../report/standings.ts';
import { overview } from '../views/overview.ts';
import { useJournalledDecisions } from './journalled-decisions.ts';
import { shownPermissions } from './saved-settings.ts';

type SavedState = 'ledger' | 'journal' | 'savedBoots' | 'savedJobs' | 'reports' | 'available' | 'isLed';

export interface SavedParts {
  readonly state: Pick<RedisState, SavedState>;
  readonly settings: { readonly policy: Policy; readonly permissions: Permissions };
  readonly host: Host;
}

/** As many decisions as an actuator shows. */
const JOURNAL_ENTRIES = 1000;
/** A dyno's clock may be ahead of ours by this much, as in the intake. */
const CLOCK_SLACK_MS = 60_000;

/**
 * What an actuator has left in Redis, as its API would show it: dynos from the boots' snapshots and the jobs next to
 * them, decisions from the journal, restarts and pauses from the ledger. Writes nothing and asks no platform. Throws
 * `LedgerUnavailable`.
 */
export async function readSaved({ state, settings, host }: SavedParts): Promise<ActuatorControl> {
  const { clock, log } = host;
  const registry = new BootRegistry(settings.policy);
  for (const json of (await state.savedBoots()).values()) {
    const snapshot = readSnapshot(json, clock.now() + CLOCK_SLACK_MS);
    if (snapshot !== null) registry.adopt(snapshot.boot);
  }
  const jobs = new JobTotals(jobLimitsFor(oldSpaceBytes()));
  const savedJobs = await state.savedJobs(registry.entries().map(({ key }) => key));
  for (const { key, boot } of registry.entries()) {
    jobs.restore(boot.identity, savedJobs.get(key) ?? '', clock.now() + CLOCK_SLACK_MS);
  }
  const events = await state.journal.recent(JOURNAL_ENTRIES);
  const history = new EventHistory();
  history.restore(events);
  const seen = registry.entries().flatMap(({ boot: { identity } }) => {
    const { app, processType } = identity;
    return app === null ? [] : [{ app, processType }];
  });
  const rules = { policy: settings.policy, permissions: shownPermissions(settings.permissions, seen, events) };
  const ledgers = new LedgerAccess(state.ledger, state.available, log);
  const standings = new Standings({ registry, ledgers, rules, isWritable: async () => true, log });
  const fleet = new Fleet({ registry, platform: null, rules, host });
  const isLed = await state.isLed();
  await standings.refresh();
  fleet.decide(registry.entries(), standings.views(), true);
  useJournalledDecisions(registry.entries(), events);
  const chronicle = new Chronicle(rules.policy.windowMs);
  chronicle.note(registry.entries(), { nowMs: clock.now(), accepted: 0 });
  chronicle.overLimit.restore(await state.reports.loadOverLimit(), clock.now());
  const leadership = new Leadership(clock, 0, () => isLed);
  const views = { registry, history, ledgers, standings, fleet, leadership, chronicle, jobs, clock };
  return { ...createViews(views), ...whole(views, rules), ...CHANGES_NOTHING };
}

type Rules = SavedParts['settings'];

/** The actuator as a whole. What only its memory holds (the platform's answers, the rate of points) is left open. */
function whole(parts: ViewParts, rules: Rules): Pick<ActuatorControl, 'health' | 'overview' | 'refusals'> {
  const { leadership, standings, chronicle, clock } = parts;
  const leading = leadership.mayAct();
  const nowMs = clock.now();
  return {
    health: () => ({
      ready: leading,
      leading,
      ledger: 'available',
      restarts: overall(standings.all(), leading ? null : 'no actuator leads'),
    }),
    refusals: () => [],
    overview: () => ({
      ...overview({
        settings: { ...rules, sources: [], ingestTokens: [] },
        dynos: dynoParts(parts),
        standings,
        overLimit: chronicle.overLimit,
        meter: chronicle.meter,
        mode: { kind: 'act' },
        platform: { blocked: () => null, calls: () => null },
        startedAtMs: nowMs,
      }),
      readFrom: 'redis',
    }),
  };
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
