import { gaveNothingBack } from '../../attempt/breaker.ts';
import type { ActuatorSettings } from '../../config/resolve.ts';
import { isOff } from '../../decision/standing.ts';
import { isSilentAt } from '../../detector/boot/silence.ts';
import { type TargetKey, targetKey } from '../../model/target.ts';
import type { HistoryEntry } from '../../ports.ts';
import type { Overview, ScoreboardView } from '../../web/views.ts';
import { newestDecidedIn } from '../app-boots.ts';
import type { OverLimit } from '../chronicle/over-limit.ts';
import type { PointsMeter } from '../chronicle/points-meter.ts';
import { stepByStep } from '../loop/turns.ts';
import type { Mode } from '../mode.ts';
import type { CallFigures, PlatformView } from '../platform/platform-view.ts';
import type { Standings } from '../report/standings.ts';
import type { DynoViewParts } from './dyno-views.ts';
import { FleetSums } from './groups.ts';

export interface OverviewParts {
  readonly settings: Pick<ActuatorSettings, 'policy' | 'permissions' | 'sources' | 'ingestTokens'>;
  readonly dynos: DynoViewParts;
  readonly standings: Standings;
  readonly overLimit: OverLimit;
  readonly meter: PointsMeter;
  readonly mode: Pick<Mode, 'kind'>;
  /** Null where no token is configured. */
  readonly platform: (Pick<PlatformView, 'blocked'> & { readonly calls: () => CallFigures | null }) | null;
  readonly startedAtMs: number;
  /** False for a target whose restarts another actuator shows. */
  readonly isCounted: (target: TargetKey) => boolean;
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** The actuator as a whole, for people. In turns: all dynos are added up. */
export async function overview(parts: OverviewParts): Promise<Overview> {
  const { settings, dynos, mode, platform, standings, startedAtMs, meter } = parts;
  const nowMs = dynos.nowMs();
  const acts = mode.kind === 'act' && dynos.leadership.mayAct();
  return {
    nowMs,
    readFrom: 'actuator',
    startedAtMs,
    windowMs: settings.policy.windowMs,
    acting: acts && standings.all().some((standing) => !standing.dryRun && !isOff(standing)),
    ingest: {
      overHttp: settings.sources.includes('otlp'),
      overRedis: settings.sources.includes('redis'),
      needsToken: settings.ingestTokens.length > 0,
      pointsPerMinute: meter.perMinute(),
    },
    platform: {
      configured: platform !== null,
      refuses: platform?.blocked()?.why ?? null,
      calls: platform?.calls() ?? null,
    },
    ...(await fleetOf(parts, nowMs)),
    actuators: [],
    unreadBoots: 0,
    scoreboards: scoreboards(parts, nowMs),
  };
}

async function fleetOf({ dynos, settings, overLimit, standings, isCounted }: OverviewParts, nowMs: number) {
  const sums = await stepByStep(sumUp(dynos, nowMs));
  const sinceMs = nowMs - DAY_MS;
  const sent = sentSince(standings, isCounted, sinceMs);
  return {
    groups: sums.groups(settings.permissions),
    totals: {
      ...sums.totals,
      restarts24h: sent.length,
      givenBack24hBytes: givenBack(sent),
      useless24h: sent.filter(isUseless).length,
      overLimit24hMs: overLimit.sumOf((target) => isCounted(target as TargetKey), sinceMs),
    },
  };
}

function* sumUp({ registry, fleet }: DynoViewParts, nowMs: number): Generator<void, FleetSums> {
  const { windowMs } = fleet.policy;
  const sums = new FleetSums();
  for (const ofApp of registry.apps()) {
    for (const ofDyno of ofApp.byDyno()) {
      const entry = newestDecidedIn(ofDyno);
      if (entry?.decision) {
        const { boot, decision } = entry;
        sums.add({ boot, decision, isStale: isSilentAt(boot, nowMs, windowMs) });
      }
      yield;
    }
  }
  return sums;
}

/** Restarts that were really sent, by anyone. */
function sentSince(
  standings: Pick<Standings, 'views'>,
  isCounted: OverviewParts['isCounted'],
  sinceMs: number,
): readonly HistoryEntry[] {
  const all = [...standings.views()].flatMap(([target, { history }]) => (isCounted(target) ? history : []));
  return all.filter(({ outcome, closedAtMs }) => outcome === 'restarted' && closedAtMs >= sinceMs);
}

/** Of those whose result is known. */
function givenBack(sent: readonly HistoryEntry[]): number {
  return sent.reduce((sum, { reclaimedBytes }) => sum + Math.max(0, reclaimedBytes ?? 0), 0);
}

/** As the breaker counts them. */
export function isUseless({ reclaimedBytes, backAfterMs, usageBytes }: HistoryEntry): boolean {
  return backAfterMs !== null || (reclaimedBytes !== null && gaveNothingBack(reclaimedBytes, usageBytes));
}

/** The hours over the quota are kept for a week, and so the dry restarts are counted over a week. */
const SCOREBOARD_SPAN_MS = 7 * DAY_MS;

function scoreboards({ standings, overLimit }: OverviewParts, nowMs: number): ReadonlyMap<TargetKey, ScoreboardView> {
  // To the hour, as that time is kept: otherwise each look would differ from the last one.
  const sinceMs = Math.ceil((nowMs - SCOREBOARD_SPAN_MS) / HOUR_MS) * HOUR_MS;
  const views = standings.views();
  const dry = standings.all().filter(({ dryRun }) => dryRun);
  return new Map(
    dry.map(({ target }) => {
      const key = targetKey(target);
      const history = views.get(key)?.dryHistory ?? [];
      const would = history.filter(({ outcome, closedAtMs }) => outcome === 'dry-run' && closedAtMs >= sinceMs);
      const bytes = would.reduce((sum, { expectedBytes }) => sum + (expectedBytes ?? 0), 0);
      const overLimitMs = overLimit.sumMs(key, sinceMs);
      return [key, { sinceMs, wouldHaveRestarted: would.length, wouldHaveGivenBackBytes: bytes, overLimitMs }] as const;
    }),
  );
}
