import type { Attempt, AttemptDetail, ProcessMemory } from '../../../src/web/schema/attempt.ts';
import type { DynoInList } from '../../../src/web/schema/dyno.ts';
import type { TargetJobs } from '../../../src/web/schema/jobs.ts';
import type { ActuatorShown, Group, Status, TargetState } from '../../../src/web/schema/status.ts';
import { curveOf, mb, NOW_MS, SHAPES } from './fleet.ts';

/** Made answers of the API other than the dynos. */

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

export function makeTarget(over: Partial<TargetState> = {}): TargetState {
  return {
    target: 'shop:worker',
    restarts: 'on',
    dry_run: false,
    paused_since_ms: null,
    paused_by: null,
    pauser: null,
    held_until_ms: null,
    cooldown_until_ms: null,
    breaker: null,
    restarts_last_hour: 1,
    max_restarts_per_hour: 4,
    restarts_left: 3,
    obstacles: [],
    scoreboard: null,
    ...over,
  };
}

/** A group of three on Kafka, of which the last one is missed. */
export function someActuators(): ActuatorShown[] {
  const one = (number: number, partitions: number[], over: Partial<ActuatorShown> = {}): ActuatorShown => ({
    id: `a${number}`,
    name: `tidemark.${number}`,
    answers: number === 1,
    leads: true,
    silent_since_ms: null,
    partitions,
    targets: ['shop:worker'],
    dynos: 40 * partitions.length,
    ...over,
  });
  const silent = { silent_since_ms: NOW_MS - 3 * MINUTE_MS };
  return [one(1, [0, 1, 2, 3, 9]), one(2, [4, 5]), one(3, [6, 7, 8], silent)];
}

export function makeStatus(dynos: readonly DynoInList[], over: Partial<Status> = {}): Status {
  const isOver = (fraction: number) => (dyno: DynoInList) =>
    (dyno.usage_bytes ?? 0) >= fraction * (dyno.limit_bytes ?? Number.POSITIVE_INFINITY);
  return {
    ready: true,
    leading: true,
    ledger: 'available',
    restarts: 'on',
    read_from: 'actuator',
    now_ms: NOW_MS,
    version: '0.1.0',
    started_at_ms: NOW_MS - 30 * HOUR_MS,
    window_ms: MINUTE_MS,
    read_only: false,
    acting: true,
    ingest: { over_http: true, over_redis: false, needs_token: true, points_per_minute: 24 },
    platform: { configured: true, refuses: null, calls_left: 4088, calls_used: 37, budget: 1500, budget_left: 150 },
    platform_refuses: null,
    totals: {
      dynos: dynos.length,
      over_soft_limit: dynos.filter(isOver(0.8)).length,
      over_limit: dynos.filter(isOver(1)).length,
      stale: dynos.filter(({ is_stale }) => is_stale).length,
      restarts_24h: 2,
      given_back_24h_bytes: mb(820),
      useless_24h: 0,
      over_limit_24h_ms: 12 * MINUTE_MS,
    },
    groups: groupsOf(dynos),
    targets: [makeTarget(), makeTarget({ target: 'shop:mailer', restarts_left: 4, restarts_last_hour: 0 })],
    actuators: [],
    unread_boots: 0,
    refused: [],
    ...over,
  };
}

function groupsOf(dynos: readonly DynoInList[]): Group[] {
  const byKey = Map.groupBy(dynos, ({ app, process_type }) => `${app}:${process_type}`);
  return [...byKey.values()].map((members) => ({
    app: members[0]?.app ?? null,
    process_type: members[0]?.process_type ?? '',
    is_allowed: true,
    dynos: members.length,
    over_soft_limit: 0,
    over_limit: 0,
    stale: 0,
    classes: {},
    limit_bytes: mb(512),
    active_jobs: 20,
    bytes_per_job: mb(27),
    allocator: 'glibc',
    malloc_arena_max: '2',
    releases: [...new Set(members.map(({ release }) => release ?? ''))],
  }));
}

export function makeAttempt(over: Partial<Attempt> = {}): Attempt {
  return {
    id: 'a1',
    app: 'shop',
    dyno: 'worker.1',
    process_type: 'worker',
    boot_id: 'old boot',
    phase: 'closed',
    outcome: 'restarted',
    says: 'restarted in 4.1 s after a drain of 3.4 s; gave back 388 MB',
    evidence: 'a new boot was seen',
    by: 'policy',
    dry_run: false,
    reason: 'sustained-over-soft-limit',
    explanation: 'floor rose in 4 steps to 90 % of 512 MB and stayed for 41 min; a restart gives back about 390 MB',
    claimed_at_ms: NOW_MS - 18 * MINUTE_MS,
    deadline_ms: null,
    sending_at_ms: NOW_MS - 18 * MINUTE_MS + 3_400,
    closed_at_ms: NOW_MS - 18 * MINUTE_MS + 7_500,
    drain_ms: 3_400,
    restart_ms: 4_100,
    jobs_at_claim: 3,
    jobs_now: null,
    usage_bytes: mb(475),
    floor_bytes: mb(461),
    limit_bytes: mb(512),
    expected_bytes: mb(390),
    reclaimed_bytes: mb(388),
    floor_after_bytes: mb(87),
    is_useless: false,
    suspects: [{ queue: 'imports', name: 'import-records', net_bytes: mb(388), runs: 1204, known: 'estimated' }],
    memory_report: null,
    ...over,
  };
}

export function someAttempts(): readonly Attempt[] {
  return [
    makeAttempt(),
    makeAttempt({
      id: 'a2',
      dyno: 'worker.3',
      outcome: 'drain-timeout',
      says: 'not restarted: jobs ran longer than the grace of 120 s; next chance 13:55',
      claimed_at_ms: NOW_MS - 40 * MINUTE_MS,
      floor_after_bytes: null,
      reclaimed_bytes: null,
    }),
    makeAttempt({
      id: 'a3',
      dyno: 'worker.2',
      outcome: 'restarted',
      by: 'person',
      is_useless: true,
      says: 'restarted for a person; memory was back within the hour',
      claimed_at_ms: NOW_MS - 28 * HOUR_MS,
      floor_after_bytes: mb(440),
    }),
    makeAttempt({
      id: 'a4',
      dyno: 'worker.4',
      reason: 'leak-near-limit',
      explanation: 'floor is at 88 % of 512 MB and rises by 31 MB an hour; left alone it reaches the limit in 24 min',
      claimed_at_ms: NOW_MS - 30 * HOUR_MS,
      memory_report: someMemoryReport(),
    }),
  ];
}

export function someMemoryReport(): ProcessMemory[] {
  const site = (function_name: string, place: string, sizeMb: number, caller: string | null = null) => ({
    function_name,
    place,
    caller,
    bytes: mb(sizeMb),
  });
  return [
    {
      process_id: '15e23a3a-c4b0-4e0a-8c5a-a2fb8a9324ae',
      rss_bytes: mb(448),
      heap_used_bytes: mb(351),
      heap_total_bytes: mb(372),
      external_bytes: mb(21),
      array_buffer_bytes: mb(18),
      heap_spaces: [
        { name: 'old_space', used_bytes: mb(330) },
        { name: 'large_object_space', used_bytes: mb(21) },
      ],
      sampled_ms: 34 * MINUTE_MS,
      sampled_bytes: mb(22),
      sites: [
        site('rememberRecords', 'src/jobs/import-records.js:12:9', 17),
        site('memoize', 'node_modules/memo/index.js:40:3', 4, 'priceOf (src/prices.js:8:17)'),
        site('(anonymous)', 'src/worker.js:61:22', 0.6),
      ],
      not_sampled: null,
    },
  ];
}

export function detailOfAttempt(attempt: Attempt): AttemptDetail {
  return {
    ...attempt,
    before: curveOf(SHAPES.bloat, 40, HOUR_MS, 60),
    after: curveOf(() => 87, 50, HOUR_MS, 60),
  };
}

export function someJobs(): readonly TargetJobs[] {
  const dynos = [{ dyno: 'worker.1', boot_id: 'boot of shop worker.1', net_bytes: mb(300), runs: 800 }];
  return [
    {
      app: 'shop',
      process_type: 'worker',
      since_ms: NOW_MS - 24 * HOUR_MS,
      jobs: [
        {
          queue: 'imports',
          name: 'import-records',
          net_bytes: mb(388),
          held_per_run_bytes: mb(41),
          growth_median_bytes: mb(1.9),
          growth_worst_bytes: mb(160),
          runs: 1204,
          known: 'estimated',
          dynos,
        },
        {
          queue: 'mail',
          name: 'render-attachment',
          net_bytes: mb(12),
          held_per_run_bytes: mb(27),
          growth_median_bytes: mb(0.1),
          growth_worst_bytes: mb(44),
          runs: 10_331,
          known: 'exclusive',
          dynos,
        },
        {
          queue: 'mail',
          name: '_other',
          net_bytes: -mb(3),
          held_per_run_bytes: null,
          growth_median_bytes: null,
          growth_worst_bytes: null,
          runs: 41,
          known: 'sandboxed',
          dynos: [],
        },
      ],
      idle_net_bytes: mb(4),
      queues: [{ queue: 'imports', active_jobs: 3, held_bytes: mb(81) }],
      names_left_out: 0,
      last_point_ms: NOW_MS,
    },
  ];
}
