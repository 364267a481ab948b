import { type BatchObservableResult, type Meter, ValueType } from '@opentelemetry/api';
import { OBSTACLE_CODES, type ObstacleCode, type Standing } from '../../../decision/standing.ts';
import { type Decision, MEMORY_CLASSES } from '../../../model/decision.ts';
import type { Clock } from '../../../ports.ts';
import {
  ATTR_CLASS,
  ATTR_OBSTACLE,
  ATTR_RESULT,
  METRIC_ACTUATOR_LEADING,
  METRIC_BOOT_ACTIVE,
  METRIC_DYNO_CLASS,
  METRIC_DYNO_TIME_TO_LIMIT,
  METRIC_INGEST_DATA_POINTS,
  METRIC_INGEST_LAG,
  METRIC_PLATFORM_BUDGET_REMAINING,
  METRIC_PLATFORM_CALLS,
  METRIC_PLATFORM_CALLS_REMAINING,
  METRIC_TARGET_OBSTACLE,
  METRIC_TARGET_RESTART_REMAINING,
  METRIC_TARGET_RESTART_USELESS,
} from '../../../semconv.ts';
import type { BootEntry } from '../../boot-entry.ts';
import type { CallFigures } from '../../platform/platform-view.ts';
import { aboutDyno, aboutTarget, described } from './describe.ts';

/** What is read whenever the metrics are collected. */
export interface ObservedState {
  readonly meter: Meter;
  readonly clock: Pick<Clock, 'now'>;
  readonly maxPointAgeMs: number;
  readonly entries: () => readonly BootEntry[];
  /** Data points received since the start, by result. */
  readonly ingestCounts: () => Readonly<Record<string, number>>;
  readonly leads: () => boolean;
  readonly standings: () => readonly Standing[];
  /** Null where no platform is configured. */
  readonly calls: (() => Pick<CallFigures, 'made' | 'left' | 'budgetLeft'>) | null;
}

/** Creates the metrics that show the actuator's state, not what happens. */
export function observeState(state: ObservedState): void {
  observeActuator(state);
  observeBoots(state);
  observeTargets(state);
  observeCalls(state);
}

function observeActuator({ meter, ingestCounts, leads }: ObservedState): void {
  const dataPoints = meter.createObservableCounter(
    METRIC_INGEST_DATA_POINTS.name,
    described(METRIC_INGEST_DATA_POINTS),
  );
  const leading = meter.createObservableUpDownCounter(METRIC_ACTUATOR_LEADING.name, described(METRIC_ACTUATOR_LEADING));
  dataPoints.addCallback((result) => {
    for (const [name, count] of Object.entries(ingestCounts())) result.observe(count, { [ATTR_RESULT]: name });
  });
  leading.addCallback((result) => result.observe(leads() ? 1 : 0));
}

function observeBoots({ meter, clock, maxPointAgeMs, entries }: ObservedState): void {
  const inSeconds = { valueType: ValueType.DOUBLE };
  const boots = meter.createObservableUpDownCounter(METRIC_BOOT_ACTIVE.name, described(METRIC_BOOT_ACTIVE));
  const classes = meter.createObservableUpDownCounter(METRIC_DYNO_CLASS.name, described(METRIC_DYNO_CLASS));
  const timeToLimit = meter.createObservableGauge(METRIC_DYNO_TIME_TO_LIMIT.name, {
    ...described(METRIC_DYNO_TIME_TO_LIMIT),
    ...inSeconds,
  });
  const lag = meter.createObservableGauge(METRIC_INGEST_LAG.name, { ...described(METRIC_INGEST_LAG), ...inSeconds });
  meter.addBatchObservableCallback(
    (result) => {
      const nowMs = clock.now();
      const active = entries()
        .filter(({ boot }) => boot.lastPointMs >= nowMs - maxPointAgeMs)
        .sort((a, b) => a.boot.lastPointMs - b.boot.lastPointMs);
      result.observe(boots, active.length);
      const [furthestBehind] = active;
      // A dyno's clock may be ahead of ours.
      if (furthestBehind) result.observe(lag, Math.max(0, nowMs - furthestBehind.boot.lastPointMs) / 1000);
      for (const decision of newestDecisions(active)) {
        for (const name of MEMORY_CLASSES) {
          result.observe(classes, name === decision.class ? 1 : 0, { [ATTR_CLASS]: name, ...aboutDyno(decision) });
        }
        if (decision.timeToLimitMs !== null) {
          result.observe(timeToLimit, decision.timeToLimitMs / 1000, aboutDyno(decision));
        }
      }
    },
    [boots, classes, timeToLimit, lag],
  );
}

/**
 * One decision per dyno: shortly after a restart the old boot's points are still young, and the new boot's count.
 *
 * @param active by their last point, oldest first
 */
function newestDecisions(active: readonly BootEntry[]): readonly Decision[] {
  const byDyno = new Map<string, Decision>();
  for (const { decision } of active) {
    if (decision !== null) byDyno.set(`${decision.app ?? ''}|${decision.dyno}`, decision);
  }
  return [...byDyno.values()];
}

function observeTargets({ meter, standings }: ObservedState): void {
  const [obstacle, remaining, useless] = [
    METRIC_TARGET_OBSTACLE,
    METRIC_TARGET_RESTART_REMAINING,
    METRIC_TARGET_RESTART_USELESS,
  ].map((metric) => meter.createObservableUpDownCounter(metric.name, described(metric))) as [
    Instrument,
    Instrument,
    Instrument,
  ];
  meter.addBatchObservableCallback(
    (result) => {
      for (const standing of standings()) {
        const about = aboutTarget(standing.target);
        const holding = new Set(standing.obstacles.map(({ code }) => code));
        for (const code of OBSTACLE_CODES) {
          if (!isKnown(code, holding)) continue;
          result.observe(obstacle, holding.has(code) ? 1 : 0, { [ATTR_OBSTACLE]: code, ...about });
        }
        const { restartsLastHour, maxRestartsPerHour, uselessRestarts } = standing;
        if (restartsLastHour !== null) {
          result.observe(remaining, Math.max(0, maxRestartsPerHour - restartsLastHour), about);
        }
        if (uselessRestarts !== null) result.observe(useless, uselessRestarts, about);
      }
    },
    [obstacle, remaining, useless],
  );
}

function observeCalls({ meter, calls }: ObservedState): void {
  if (calls === null) return;
  const made = meter.createObservableCounter(METRIC_PLATFORM_CALLS.name, described(METRIC_PLATFORM_CALLS));
  const [left, budgetLeft] = [METRIC_PLATFORM_CALLS_REMAINING, METRIC_PLATFORM_BUDGET_REMAINING].map((metric) =>
    meter.createObservableUpDownCounter(metric.name, described(metric)),
  ) as [Instrument, Instrument];
  meter.addBatchObservableCallback(
    (result) => {
      const figures = calls();
      result.observe(made, figures.made);
      result.observe(budgetLeft, figures.budgetLeft);
      if (figures.left !== null) result.observe(left, figures.left);
    },
    [made, left, budgetLeft],
  );
}

type Instrument = Parameters<BatchObservableResult['observe']>[0];

/** Without the ledger nobody knows whether a target is paused: to say 0 would end an alert that should go on. */
function isKnown(code: ObstacleCode, holding: ReadonlySet<ObstacleCode>): boolean {
  return !holding.has('ledger-unavailable') || code === 'ledger-unavailable' || code === 'dry-run';
}
