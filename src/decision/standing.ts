import { isDry, permissionOf } from '../model/permission.ts';
import type { Permissions } from '../model/policy.ts';
import { matchesAny, type Target, type TargetKey, targetKey } from '../model/target.ts';

/** The part of a target's ledger that its standing needs. Times are the ledger's own (Unix ms). */
export interface StandingFacts {
  readonly nowMs: number;
  readonly open: unknown | null;
  readonly paused: boolean;
  /** Start of the pause; null where it is not paused, or the start is unknown. */
  readonly pausedSinceMs: number | null;
  /** The name that the person gave; null where it is unknown. */
  readonly pauser: string | null;
  readonly pausedBy: { readonly all: boolean };
  readonly heldUntilMs: number;
  readonly breakerOpenUntilMs: number;
  readonly breakerReason: string | null;
  readonly cooldownUntilMs: number;
  readonly dryCooldownUntilMs: number;
  readonly sentLastHour: number;
  readonly mayBeEvicted: boolean;
  /** Newest restarts in a row that gave nothing back, or not for long. */
  readonly uselessRestarts: number;
}

/** What prevents an automatic restart of a target now, whatever its dynos do. */
export const OBSTACLE_CODES = [
  'ledger-unavailable',
  'eviction-policy',
  'paused',
  'ledger-hold',
  'dry-run',
  'breaker-open',
  'budget',
  'cooldown',
  'attempt-open',
] as const;
export type ObstacleCode = (typeof OBSTACLE_CODES)[number];

export interface Obstacle {
  readonly code: ObstacleCode;
  /** When it ends by itself (Unix ms); null where it does not, or the time is unknown. */
  readonly untilMs: number | null;
  /** The obstacle, in words that name no app. */
  readonly says: string;
  /** What a person can do about it; null where nothing is needed. */
  readonly advice: string | null;
}

export interface Standing {
  /** An entry of the allow-list (`shop-pr-*:worker`) where no app that it allows is known yet. */
  readonly target: Target;
  readonly dryRun: boolean;
  /** The most important first. Empty: a restart is possible at any time. */
  readonly obstacles: readonly Obstacle[];
  readonly restartsLastHour: number | null;
  readonly maxRestartsPerHour: number;
  /** The same as in the ledger; null where the ledger could not be read. */
  readonly uselessRestarts: number | null;
  /** Null: nobody has paused it. Start and name are null where they are unknown. */
  readonly pause: {
    readonly by: 'all' | 'target';
    readonly sinceMs: number | null;
    readonly pauser: string | null;
  } | null;
  /** When the hold, the cooldown and the open breaker end (Unix ms), or null if there is none. */
  readonly heldUntilMs: number | null;
  readonly cooldownUntilMs: number | null;
  readonly breaker: { readonly openUntilMs: number; readonly reason: string | null } | null;
}

export interface StandingInput {
  readonly target: Target;
  readonly permissions: Permissions;
  readonly maxRestartsPerHour: number;
  /** Null where the ledger could not be read. */
  readonly ledger: StandingFacts | null;
  /**
   * Why no restart can be written into the ledger, though some of it may be readable, and what a person can do; null or
   * absent where nothing is known to stand in the way.
   */
  readonly unusable?: LedgerUnusable | null;
}

export interface LedgerUnusable {
  readonly says: string;
  readonly advice: string | null;
}

export function standingOf(input: StandingInput): Standing {
  const { target, permissions, maxRestartsPerHour, ledger } = input;
  const dryRun = isDry(permissions, target);
  const dry: readonly Obstacle[] = dryRun ? [DRY_RUN] : [];
  return {
    target,
    dryRun,
    obstacles: [
      ...unusable(input),
      ...(ledger === null ? dry : obstaclesOf(ledger, { key: targetKey(target), dryRun, maxRestartsPerHour })),
    ],
    restartsLastHour: ledger?.sentLastHour ?? null,
    maxRestartsPerHour,
    uselessRestarts: ledger?.uselessRestarts ?? null,
    ...timesOf(ledger, dryRun),
  };
}

type Times = Pick<Standing, 'pause' | 'heldUntilMs' | 'cooldownUntilMs' | 'breaker'>;

function timesOf(ledger: StandingFacts | null, dryRun: boolean): Times {
  if (ledger === null) return { pause: null, heldUntilMs: null, cooldownUntilMs: null, breaker: null };
  const { nowMs, paused, pausedBy, pausedSinceMs, pauser, heldUntilMs, breakerOpenUntilMs, breakerReason } = ledger;
  const coming = (untilMs: number) => (untilMs > nowMs ? untilMs : null);
  return {
    pause: paused ? { by: pausedBy.all ? 'all' : 'target', sinceMs: pausedSinceMs, pauser } : null,
    heldUntilMs: coming(heldUntilMs),
    cooldownUntilMs: coming(cooldownEnd(ledger, dryRun)),
    breaker: breakerOpenUntilMs > nowMs ? { openUntilMs: breakerOpenUntilMs, reason: breakerReason } : null,
  };
}

function cooldownEnd({ cooldownUntilMs, dryCooldownUntilMs }: StandingFacts, dryRun: boolean): number {
  return dryRun ? Math.max(cooldownUntilMs, dryCooldownUntilMs) : cooldownUntilMs;
}

/** The targets of the allow-list: those of `seen` that it covers, and each pattern without a seen target as itself. */
export function targetsToWatch(permissions: Permissions, seen: Iterable<Target>): readonly Target[] {
  const { allowed, ownApp } = permissions;
  const targets = new Map<TargetKey, Target>();
  for (const { app, processType } of seen) {
    const target = { app, processType };
    if (permissionOf(permissions, target) !== 'forbidden') targets.set(targetKey(target), target);
  }
  for (const pattern of allowed) {
    const isSeen = [...targets.values()].some((target) => matchesAny([pattern], target, ownApp));
    const app = pattern.app === '.' ? ownApp : pattern.app;
    // `.` of an actuator that does not know its own app allows nothing.
    if (!isSeen && app !== null) targets.set(targetKey({ ...pattern, app }), { ...pattern, app });
  }
  return [...targets].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, target]) => target);
}

/** Obstacles that end by themselves within minutes, as part of normal restarts. */
const PASSING: ReadonlySet<ObstacleCode> = new Set(['cooldown', 'attempt-open']);

/** Whether restarts of the target are off, not merely waiting for the last one to end. */
export function isOff({ obstacles }: Standing): boolean {
  return obstacles.some(({ code }) => !PASSING.has(code));
}

interface Terms {
  readonly key: TargetKey;
  readonly dryRun: boolean;
  readonly maxRestartsPerHour: number;
}

function obstaclesOf(ledger: StandingFacts, { key, dryRun, maxRestartsPerHour }: Terms): readonly Obstacle[] {
  const { nowMs, heldUntilMs, breakerOpenUntilMs, sentLastHour } = ledger;
  const cooldownUntilMs = cooldownEnd(ledger, dryRun);
  const found: (Obstacle | null)[] = [
    ledger.mayBeEvicted ? EVICTION : null,
    ledger.paused ? pause(ledger, key) : null,
    nowMs < heldUntilMs ? until(HOLD, heldUntilMs, nowMs) : null,
    dryRun ? DRY_RUN : null,
    nowMs < breakerOpenUntilMs ? breaker(ledger, key) : null,
    sentLastHour >= maxRestartsPerHour ? budget(sentLastHour, maxRestartsPerHour) : null,
    nowMs < cooldownUntilMs ? until(COOLDOWN, cooldownUntilMs, nowMs) : null,
    ledger.open === null ? null : OPEN,
  ];
  return found.filter((obstacle) => obstacle !== null);
}

function lasting(code: ObstacleCode, says: string, advice: string | null): Obstacle {
  return { code, untilMs: null, says, advice };
}

const DRY_RUN = lasting(
  'dry-run',
  'dry run: decisions are made and logged, nothing is restarted',
  'set TIDEMARK_DRY_RUN=false when you agree with the decisions',
);
const UNREADABLE = lasting('ledger-unavailable', 'the ledger (Redis) cannot be read: nothing is restarted', null);
/** A readable ledger that takes no writes grants no restart either. */
function unusable({ ledger, unusable: known = null }: StandingInput): readonly Obstacle[] {
  if (known !== null) return [lasting('ledger-unavailable', `${known.says}: nothing is restarted`, known.advice)];
  return ledger === null ? [UNREADABLE] : [];
}

const EVICTION = lasting(
  'eviction-policy',
  'the maxmemory-policy of Redis (allkeys-*) may drop the ledger: nothing is restarted',
  'set it to noeviction (on Heroku: heroku redis:maxmemory --policy noeviction)',
);
const OPEN = lasting('attempt-open', 'a restart is on its way', null);
const HOLD = { code: 'ledger-hold', says: 'held, because the ledger in Redis is new', advice: null } as const;
const COOLDOWN = { code: 'cooldown', says: 'cooldown after the last restart', advice: null } as const;

function until(obstacle: Omit<Obstacle, 'untilMs'>, untilMs: number, nowMs: number): Obstacle {
  return { ...obstacle, untilMs, says: `${obstacle.says}, until ${clockTime(untilMs, nowMs)}` };
}

function pause({ pausedBy, pausedSinceMs, pauser, nowMs }: StandingFacts, key: TargetKey): Obstacle {
  const since = pausedSinceMs === null ? '' : ` since ${clockTime(pausedSinceMs, nowMs)}`;
  return lasting(
    'paused',
    `paused by ${pauser ?? 'a person'}${since}${pausedBy.all ? ', with all targets' : ''}`,
    `end it with: tidemark resume${pausedBy.all ? '' : ` ${key}`}`,
  );
}

function breaker({ breakerOpenUntilMs, breakerReason, nowMs }: StandingFacts, key: TargetKey): Obstacle {
  const why = breakerReason === null ? '' : ` (${breakerReason})`;
  return {
    code: 'breaker-open',
    untilMs: breakerOpenUntilMs,
    says: `the breaker is open until ${clockTime(breakerOpenUntilMs, nowMs)}${why}`,
    advice: `take a bigger dyno or less concurrency; close it with: tidemark resume ${key}`,
  };
}

function budget(sent: number, most: number): Obstacle {
  return lasting(
    'budget',
    `the budget is used up: ${sent} of ${most} restarts within the last hour`,
    'wait, or raise TIDEMARK_MAX_RESTARTS_PER_HOUR',
  );
}

const DAY_MS = 86_400_000;

/** `14:32 UTC`, with the date if it is another day than `nowMs`. `an unknown time` for a number that is not a date. */
export function clockTime(timeMs: number, nowMs: number): string {
  if (Number.isNaN(new Date(timeMs).getTime())) return 'an unknown time';
  const text = new Date(timeMs).toISOString();
  const day = Math.floor(timeMs / DAY_MS) === Math.floor(nowMs / DAY_MS) ? '' : `${text.slice(0, 10)} `;
  return `${day}${text.slice(11, 16)} UTC`;
}

/**
 * `on`, `off: paused`, or `on for 2 of 3 targets (1 paused)`. Open to everyone: it names no app.
 *
 * @param global what prevents restarts of all targets; null where nothing does
 */
export function overall(standings: readonly Standing[], global: string | null): string {
  if (global !== null) return `off: ${global}`;
  if (standings.length === 0) return 'off: TIDEMARK_TARGETS is empty';
  const off = standings.map(shortReason).filter((reason) => reason !== null);
  if (off.length === 0) return 'on';
  const counted = [...Map.groupBy(off, (reason) => reason)].map(([reason, all]) => `${all.length} ${reason}`);
  if (off.length < standings.length)
    return `on for ${standings.length - off.length} of ${standings.length} targets (${counted.join(', ')})`;
  return `off: ${counted.length === 1 ? off[0] : counted.join(', ')}`;
}

const SHORT: Readonly<Record<ObstacleCode, string>> = {
  'ledger-unavailable': 'unreadable ledger',
  'eviction-policy': 'eviction policy of Redis',
  paused: 'paused',
  'ledger-hold': 'held',
  'dry-run': 'dry run',
  'breaker-open': 'breaker open',
  budget: 'budget used up',
  cooldown: 'cooldown',
  'attempt-open': 'restart on its way',
};

/** Null where the target's restarts are on. */
function shortReason(standing: Standing): string | null {
  const code = standing.obstacles.find((one) => !PASSING.has(one.code))?.code;
  return code === undefined ? null : SHORT[code];
}
