import type { Attributes } from '@opentelemetry/api';
import { OBSTACLE_CODES, type ObstacleCode, type Standing } from '../../../decision/standing.ts';
import { type Decision, MEMORY_CLASSES, type MemoryClass } from '../../../model/decision.ts';
import type { Clock } from '../../../ports.ts';
import {
  ATTR_CLASS,
  ATTR_OBSTACLE,
  METRIC_BOOT_ACTIVE,
  METRIC_DYNO_CLASS,
  METRIC_DYNO_TIME_TO_LIMIT,
  METRIC_INGEST_LAG,
  METRIC_TARGET_OBSTACLE,
  METRIC_TARGET_RESTART_REMAINING,
  METRIC_TARGET_RESTART_USELESS,
  type MetricDefinition,
} from '../../../semconv.ts';
import type { AppBoots } from '../../app-boots.ts';
import type { BootEntry } from '../../boot-entry.ts';
import { aboutDyno, aboutTarget } from './describe.ts';

/** What a metric says at one time: a gauge, counter or up-down counter, with a point for each set of attributes. */
export interface MetricReading {
  readonly metric: MetricDefinition;
  readonly points: readonly {
    readonly value: number;
    readonly attributes: Attributes;
    /** Since when it is counted (Unix ms); absent where that is the start of the actuator. */
    readonly sinceMs?: number;
  }[];
}

export interface FleetState {
  readonly clock: Pick<Clock, 'now'>;
  readonly maxPointAgeMs: number;
  readonly apps: () => readonly Pick<AppBoots, 'byDyno'>[];
  readonly standings: () => readonly Standing[];
}

/**
 * Dynos, and targets, with series of their own: an export of some thousand series takes tens of ms, and nobody stores
 * 700,000 series every ten seconds. Of more dynos, those that may need a look come first.
 */
export const MAX_NAMED = 1_000;
const NEED_NO_LOOK: ReadonlySet<MemoryClass> = new Set(['healthy', 'warming']);

/**
 * The metrics of dynos and targets as they are now, read in steps. They are not instruments of the SDK: it would repeat
 * a series for as long as it runs when its dyno is gone, and, after 2,000 series of a metric, show no new one.
 */
export function* readFleet(state: FleetState): Generator<void, readonly MetricReading[]> {
  return [...(yield* readBoots(state)), ...(yield* readTargets(state.standings()))];
}

function* readBoots({ clock, maxPointAgeMs, apps }: FleetState): Generator<void, readonly MetricReading[]> {
  const nowMs = clock.now();
  const oldestMs = nowMs - maxPointAgeMs;
  const decisions: Decision[] = [];
  let active = 0;
  let furthestBehindMs = Number.POSITIVE_INFINITY;
  for (const ofApp of apps()) {
    for (const ofDyno of ofApp.byDyno()) {
      for (const { boot } of ofDyno) {
        if (boot.lastPointMs < oldestMs) continue;
        active += 1;
        furthestBehindMs = Math.min(furthestBehindMs, boot.lastPointMs);
      }
      const decision = newestDecision(ofDyno, oldestMs);
      if (decision !== null) decisions.push(decision);
      yield;
    }
  }
  const readings = yield* readDynos(named(decisions, (decision) => !NEED_NO_LOOK.has(decision.class)));
  // A dyno's clock may be ahead of ours.
  const lagS = Math.max(0, nowMs - furthestBehindMs) / 1000;
  return [
    { metric: METRIC_BOOT_ACTIVE, points: [{ value: active, attributes: {} }] },
    { metric: METRIC_INGEST_LAG, points: active === 0 ? [] : [{ value: lagS, attributes: {} }] },
    ...readings,
  ];
}

function named<T>(all: readonly T[], mayNeedLook: (one: T) => boolean): readonly T[] {
  if (all.length <= MAX_NAMED) return all;
  return [...all.filter(mayNeedLook), ...all.filter((one) => !mayNeedLook(one))].slice(0, MAX_NAMED);
}

/** Shortly after a restart the old boot's points are still young, and the new boot's count. */
function newestDecision(ofDyno: readonly BootEntry[], oldestMs: number): Decision | null {
  let newest: BootEntry | null = null;
  for (const entry of ofDyno) {
    const { lastPointMs } = entry.boot;
    if (entry.decision === null || lastPointMs < oldestMs) continue;
    if (newest === null || lastPointMs >= newest.boot.lastPointMs) newest = entry;
  }
  return newest?.decision ?? null;
}

function* readDynos(decisions: readonly Decision[]): Generator<void, readonly MetricReading[]> {
  const classes = [];
  const timesToLimit = [];
  for (const decision of decisions) {
    const attributes = aboutDyno(decision);
    for (const name of MEMORY_CLASSES) {
      classes.push({ value: name === decision.class ? 1 : 0, attributes: { [ATTR_CLASS]: name, ...attributes } });
    }
    if (decision.timeToLimitMs !== null) timesToLimit.push({ value: decision.timeToLimitMs / 1000, attributes });
    yield;
  }
  return [
    { metric: METRIC_DYNO_CLASS, points: classes },
    { metric: METRIC_DYNO_TIME_TO_LIMIT, points: timesToLimit },
  ];
}

function* readTargets(standings: readonly Standing[]): Generator<void, readonly MetricReading[]> {
  const obstacles = [];
  const remaining = [];
  const useless = [];
  for (const standing of named(standings, ({ obstacles: found }) => found.length > 0)) {
    const attributes = aboutTarget(standing.target);
    const holding = new Set(standing.obstacles.map(({ code }) => code));
    for (const code of OBSTACLE_CODES) {
      if (!isKnown(code, standing)) continue;
      obstacles.push({ value: holding.has(code) ? 1 : 0, attributes: { [ATTR_OBSTACLE]: code, ...attributes } });
    }
    const { restartsLastHour, maxRestartsPerHour, uselessRestarts } = standing;
    if (restartsLastHour !== null) {
      remaining.push({ value: Math.max(0, maxRestartsPerHour - restartsLastHour), attributes });
    }
    if (uselessRestarts !== null) useless.push({ value: uselessRestarts, attributes });
    yield;
  }
  return [
    { metric: METRIC_TARGET_OBSTACLE, points: obstacles },
    { metric: METRIC_TARGET_RESTART_REMAINING, points: remaining },
    { metric: METRIC_TARGET_RESTART_USELESS, points: useless },
  ];
}

/** Without the ledger nobody knows whether a target is paused: to say 0 would end an alert that should go on. */
function isKnown(code: ObstacleCode, { restartsLastHour }: Standing): boolean {
  return restartsLastHour !== null || code === 'ledger-unavailable' || code === 'dry-run';
}
