import { isOff, type Standing } from '../../decision/standing.ts';
import { targetKey } from '../../model/target.ts';
import type { ActuatorControl, RefusalRecord } from '../control.ts';
import type { ActuatorShown, Group, RefusedMeasurements, Status, TargetState } from '../schema/status.ts';
import type { ActuatorView, GroupView, Overview, ScoreboardView } from '../views.ts';

type Shown = Pick<ActuatorControl, 'health' | 'overview' | 'standings' | 'refusals'>;

/** @param version of the package */
export async function showStatus(control: Shown, version: string): Promise<Omit<Status, 'read_only'>> {
  const { ready, leading, ledger, restarts } = control.health();
  const overview = await control.overview();
  const { platform } = overview;
  return {
    ready,
    leading,
    ledger,
    restarts,
    now_ms: overview.nowMs,
    read_from: overview.readFrom,
    version,
    started_at_ms: overview.startedAtMs,
    window_ms: overview.windowMs,
    acting: overview.acting,
    ingest: showIngest(overview),
    platform: {
      configured: platform.configured,
      refuses: platform.refuses,
      calls_left: platform.calls?.left ?? null,
      calls_used: platform.calls?.used ?? null,
      budget: platform.calls?.budget ?? null,
      budget_left: platform.calls?.budgetLeft ?? null,
    },
    platform_refuses: platform.refuses,
    totals: showTotals(overview),
    groups: overview.groups.map(showGroup),
    targets: control
      .standings()
      .map((standing) =>
        showStanding(standing, restarts, overview.scoreboards.get(targetKey(standing.target)) ?? null),
      ),
    actuators: overview.actuators.map(showActuator),
    unread_boots: overview.unreadBoots,
    refused: control.refusals().map(showRefusal),
  };
}

/** Targets of one actuator: which it holds is shown at each dyno, too. */
const MAX_TARGETS = 50;

function showActuator(one: ActuatorView): ActuatorShown {
  return {
    id: one.id,
    name: one.name,
    answers: one.answers,
    leads: one.leads,
    silent_since_ms: one.silentSinceMs,
    partitions: one.partitions === null ? null : [...one.partitions],
    targets: one.targets.slice(0, MAX_TARGETS),
    dynos: one.dynos,
  };
}

function showIngest({ ingest }: Overview): Status['ingest'] {
  return {
    over_http: ingest.overHttp,
    over_redis: ingest.overRedis,
    needs_token: ingest.needsToken,
    points_per_minute: ingest.pointsPerMinute,
  };
}

function showTotals({ totals }: Overview): Status['totals'] {
  return {
    dynos: totals.dynos,
    over_soft_limit: totals.overSoftLimit,
    over_limit: totals.overLimit,
    stale: totals.stale,
    restarts_24h: totals.restarts24h,
    given_back_24h_bytes: totals.givenBack24hBytes,
    useless_24h: totals.useless24h,
    over_limit_24h_ms: totals.overLimit24hMs,
  };
}

function showGroup(group: GroupView): Group {
  return {
    app: group.app,
    process_type: group.processType,
    is_allowed: group.isAllowed,
    dynos: group.dynos,
    over_soft_limit: group.overSoftLimit,
    over_limit: group.overLimit,
    stale: group.stale,
    classes: group.classes,
    limit_bytes: group.limitBytes,
    active_jobs: group.activeJobs,
    bytes_per_job: group.bytesPerJob,
    allocator: group.allocator,
    malloc_arena_max: group.mallocArenaMax,
    releases: [...group.releases],
  };
}

/** @param overall what keeps restarts of all targets off, a standby's place for example, keeps this one's off */
function showStanding(standing: Standing, overall: string, scoreboard: ScoreboardView | null): TargetState {
  const { pause, breaker, restartsLastHour, maxRestartsPerHour } = standing;
  return {
    target: targetKey(standing.target),
    restarts: isOff(standing) || overall.startsWith('off') ? 'off' : 'on',
    dry_run: standing.dryRun,
    paused_since_ms: pause?.sinceMs ?? null,
    paused_by: pause?.by ?? null,
    pauser: pause?.pauser ?? null,
    held_until_ms: standing.heldUntilMs,
    cooldown_until_ms: standing.cooldownUntilMs,
    breaker: breaker === null ? null : { open_until_ms: breaker.openUntilMs, reason: breaker.reason },
    restarts_last_hour: restartsLastHour,
    max_restarts_per_hour: maxRestartsPerHour,
    restarts_left: restartsLastHour === null ? null : Math.max(0, maxRestartsPerHour - restartsLastHour),
    obstacles: standing.obstacles.map(({ code, untilMs, says, advice }) => ({ code, until_ms: untilMs, says, advice })),
    scoreboard:
      scoreboard === null
        ? null
        : {
            since_ms: scoreboard.sinceMs,
            would_have_restarted: scoreboard.wouldHaveRestarted,
            would_have_given_back_bytes: scoreboard.wouldHaveGivenBackBytes,
            over_limit_ms: scoreboard.overLimitMs,
          },
  };
}

function showRefusal({ firstMs, lastMs, ...refusal }: RefusalRecord): RefusedMeasurements {
  return { ...refusal, first_ms: firstMs, last_ms: lastMs };
}
