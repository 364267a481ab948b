import type { DynoDetail, DynoInList } from '../../../src/web/schema/dyno.ts';
import type { Curve } from '../../../src/web/schema/fields.ts';

/** Made dynos, the same at every call. Memory in MB here, in bytes in what is made. */

export const NOW_MS = Date.UTC(2026, 10, 29, 14, 20);
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

export function mb(value: number): number {
  return Math.round(value * 1024 ** 2);
}

/** Floor in MB at a fraction (0 to 1) of the time that the curve covers. */
export type Shape = (at: number) => number;

const STEPS_MB = [0, 90, 90, 180, 260, 290, 300];

export const SHAPES = {
  healthy: (at) => 180 + 20 * Math.min(1, at * 6),
  bloat: (at) => 150 + (STEPS_MB[Math.min(6, Math.floor(at * 7))] ?? 0),
  leak: (at) => 140 + 190 * at,
  load: (at) => 300 + 40 * Math.sin(at * 9),
} as const satisfies Readonly<Record<string, Shape>>;

/** @param jitter how far usage goes over the floor, in MB */
export function curveOf(floor: Shape, jitter: number, spanMs = 6 * HOUR_MS, points = 120): Curve {
  const times_ms: number[] = [];
  const usage_bytes: number[] = [];
  const floor_bytes: number[] = [];
  let seed = 7;
  for (let index = 0; index < points; index += 1) {
    seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
    const at = index / (points - 1);
    times_ms.push(NOW_MS - spanMs * (1 - at));
    floor_bytes.push(mb(floor(at)));
    usage_bytes.push(mb(floor(at) + jitter * (seed / 2_147_483_648) ** 2));
  }
  return { times_ms, usage_bytes, floor_bytes };
}

export function makeDyno(over: Partial<DynoInList> = {}): DynoInList {
  const curve = over.curve ?? curveOf(SHAPES.healthy, 60);
  const usage = over.usage_bytes ?? curve.usage_bytes.at(-1) ?? null;
  const limit = over.limit_bytes === undefined ? mb(512) : over.limit_bytes;
  return {
    app: 'shop',
    dyno: 'worker.1',
    process_type: 'worker',
    boot_id: `boot of ${over.app ?? 'shop'} ${over.dyno ?? 'worker.1'}`,
    release: 'v42',
    class: 'healthy',
    action: 'none',
    reason: 'no-growth',
    explanation: 'floor is at 39 % of 512 MB',
    usage_bytes: usage,
    limit_bytes: limit,
    soft_limit_bytes: limit === null ? null : limit * 0.8,
    hard_limit_bytes: limit,
    floor_bytes: curve.floor_bytes.at(-1) ?? null,
    reclaimable_bytes: mb(40),
    time_to_limit_ms: null,
    active_jobs: 2,
    class_since_ms: NOW_MS - 3 * HOUR_MS,
    next: { says: 'Nothing to do', at_ms: null },
    headroom_bytes: usage === null || limit === null ? null : limit - usage,
    swap_bytes: 0,
    jobs_hold_bytes: mb(20),
    oldest_job_start_ms: NOW_MS - MINUTE_MS,
    completed_jobs: 1204,
    started_at_ms: NOW_MS - 6 * HOUR_MS,
    first_point_ms: NOW_MS - 6 * HOUR_MS,
    last_point_ms: NOW_MS,
    is_stale: false,
    held_by: null,
    dry_run: false,
    attempt_id: null,
    marks: [],
    ...over,
    curve,
  };
}

export const BLOATED = makeDyno({
  curve: curveOf(SHAPES.bloat, 40),
  usage_bytes: mb(475),
  class: 'bloat',
  action: 'restart',
  reason: 'sustained-over-soft-limit',
  explanation:
    'floor rose in 5 steps to 88 % of 512 MB and stayed for 40 min; left alone it stays over the soft limit, ' +
    'a restart gives back about 390 MB',
  next: { says: 'Restart at the next idle moment', at_ms: NOW_MS + 12 * MINUTE_MS },
  reclaimable_bytes: mb(390),
  active_jobs: 3,
  marks: [
    { kind: 'restart', time_ms: NOW_MS - 5.4 * HOUR_MS, says: 'Tidemark restarted it.', attempt_id: 'a1' },
    { kind: 'deploy', time_ms: NOW_MS - 4.1 * HOUR_MS, says: 'v42 was deployed.', attempt_id: null },
  ],
});

/** A small fleet with one dyno of each kind. */
export function smallFleet(): readonly DynoInList[] {
  return [
    BLOATED,
    makeDyno({
      dyno: 'worker.2',
      curve: curveOf(SHAPES.load, 60),
      usage_bytes: mb(366),
      reason: 'load',
      explanation: '18 running jobs hold 480 MB of 512 MB, 27 MB each, and would do so after a restart',
      next: { says: '18 jobs hold the memory: a restart would not free it', at_ms: null },
      active_jobs: 18,
    }),
    makeDyno({
      dyno: 'worker.3',
      curve: curveOf(SHAPES.leak, 20),
      usage_bytes: mb(330),
      class: 'leak',
      reason: 'cycle-comes-first',
      explanation: 'floor is at 64 % of 512 MB and rises by 32 MB an hour; it reaches the limit in 5.2 h',
      next: { says: 'The daily restart comes first', at_ms: NOW_MS + 3 * HOUR_MS },
      time_to_limit_ms: 5 * HOUR_MS + 10 * MINUTE_MS,
    }),
    makeDyno({ dyno: 'worker.4', is_stale: true, last_point_ms: NOW_MS - 9 * MINUTE_MS, active_jobs: null }),
    makeDyno({ dyno: 'mailer.1', process_type: 'mailer', active_jobs: 0 }),
    makeDyno({ dyno: 'mailer.2', process_type: 'mailer', class: 'warming', release: 'v43', reason: 'warming-up' }),
  ];
}

/** Ten targets, most of them well. */
export function largeFleet(count: number): readonly DynoInList[] {
  return Array.from({ length: count }, (_, index) => {
    const app = `app-${Math.floor(index / 50)}`;
    const of = index % 17 === 3 ? BLOATED : index % 13 === 5 ? (smallFleet()[2] as DynoInList) : makeDyno();
    const dyno = `worker.${(index % 50) + 1}`;
    return { ...of, app, dyno, boot_id: `boot ${index}` };
  });
}

export function detailOf(dyno: DynoInList): DynoDetail {
  const { curve, marks, ...rest } = dyno;
  const known = curve ?? curveOf(SHAPES.healthy, 60);
  return {
    ...rest,
    marks,
    curve: { ...known, active_jobs: known.times_ms.map((_, index) => Math.round(3 + 3 * Math.sin(index / 5))) },
    numbers: [
      { code: 'usage', name: 'Usage', value: dyno.usage_bytes, unit: 'bytes' },
      { code: 'floor', name: 'Floor', value: dyno.floor_bytes, unit: 'bytes' },
      { code: 'soft-limit', name: 'Soft limit', value: dyno.soft_limit_bytes, unit: 'bytes' },
      { code: 'reclaimable', name: 'A restart gives back', value: dyno.reclaimable_bytes, unit: 'bytes' },
      { code: 'over-soft', name: 'Over the soft limit for', value: 40 * MINUTE_MS, unit: 'ms' },
      { code: 'steps', name: 'Steps of the floor', value: 5, unit: 'count' },
      { code: 'slope', name: 'Time to the limit', value: null, unit: 'ms' },
    ],
    checks: [
      { code: 'allowed', ok: true, says: 'on the allow-list', until_ms: null },
      { code: 'soft-limit', ok: true, says: 'its floor of 450 MB is over the soft limit of 410 MB', until_ms: null },
      { code: 'gives-back', ok: true, says: 'a restart gives back about 390 MB', until_ms: null },
      { code: 'cooldown', ok: true, says: 'the cooldown is over', until_ms: null },
      { code: 'budget', ok: true, says: '1 of 4 restarts an hour are used', until_ms: null },
      { code: 'jobs-running', ok: false, says: '3 jobs are running', until_ms: NOW_MS + 12 * MINUTE_MS },
      { code: 'platform', ok: null, says: 'the platform has not listed this boot yet', until_ms: null },
    ],
    suspects: [
      { queue: 'imports', name: 'import-records', net_bytes: mb(388), runs: 1204, known: 'estimated' },
      { queue: 'mail', name: 'render-attachment', net_bytes: mb(12), runs: 10_331, known: 'exclusive' },
    ],
    past_boots: [
      {
        boot_id: 'older',
        release: 'v41',
        first_point_ms: NOW_MS - 20 * HOUR_MS,
        last_point_ms: NOW_MS - 6 * HOUR_MS,
        peak_bytes: mb(498),
        floor_bytes: mb(455),
        class: 'bloat',
        ended: 'restart',
        curve: shifted(curveOf(SHAPES.bloat, 40, 14 * HOUR_MS, 60), -6 * HOUR_MS),
      },
    ],
    drain: { grace_ms: 120_000 },
  };
}

function shifted(curve: Curve, byMs: number): Curve {
  return { ...curve, times_ms: curve.times_ms.map((ms) => ms + byMs) };
}
