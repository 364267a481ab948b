import { type Attributes, type Histogram, type Meter, type MetricOptions, ValueType } from '@opentelemetry/api';
import { type Decision, MEMORY_CLASSES } from '../../model/decision.ts';
import { targetOf } from '../../model/target.ts';
import type { ActuatorEvent, Clock } from '../../ports.ts';
import {
  ATTR_ACTION,
  ATTR_CLASS,
  ATTR_HEROKU_APP_NAME,
  ATTR_HEROKU_DYNO_NAME,
  ATTR_HEROKU_PROCESS_TYPE,
  ATTR_OUTCOME,
  ATTR_REASON,
  ATTR_RESULT,
  METRIC_BOOT_ACTIVE,
  METRIC_DECISIONS,
  METRIC_DYNO_CLASS,
  METRIC_DYNO_TIME_TO_LIMIT,
  METRIC_INGEST_DATA_POINTS,
  METRIC_RESTART_DURATION,
  METRIC_RESTART_RECLAIMED,
  METRIC_RESTARTS,
  type MetricDefinition,
} from '../../semconv.ts';
import type { BootEntry } from '../boot-registry.ts';

/** Bytes: powers of 4 from 1 MiB to 4 GiB, and a bucket for restarts that freed nothing. */
const BYTE_BUCKETS = [0, ...Array.from({ length: 7 }, (_, power) => 4 ** power * 2 ** 20)];
/** Seconds: from a restart without running jobs to a drain of several minutes. */
const SECOND_BUCKETS = [1, 2, 5, 10, 20, 30, 60, 90, 120, 180, 300, 600];

export interface OwnMetricsOptions {
  readonly meter: Meter;
  readonly clock: Pick<Clock, 'now'>;
  readonly maxPointAgeMs: number;
  readonly entries: () => readonly BootEntry[];
  /** Data points received since the start, by result. */
  readonly ingestCounts: () => Readonly<Record<string, number>>;
}

/**
 * Creates the actuator's own metrics, and returns the function that counts events into them. The meter's provider
 * decides where they are sent.
 */
export function recordOwnMetrics(options: OwnMetricsOptions): (event: ActuatorEvent) => void {
  const { meter } = options;
  observeState(options);
  const decisions = meter.createCounter(METRIC_DECISIONS.name, described(METRIC_DECISIONS));
  const restarts = meter.createCounter(METRIC_RESTARTS.name, described(METRIC_RESTARTS));
  const duration = histogram(meter, METRIC_RESTART_DURATION, SECOND_BUCKETS);
  const reclaimed = histogram(meter, METRIC_RESTART_RECLAIMED, BYTE_BUCKETS);
  return (event) => {
    switch (event.type) {
      case 'decision': {
        const { action, reason } = event.decision;
        decisions.add(1, {
          [ATTR_CLASS]: event.decision.class,
          [ATTR_ACTION]: action,
          [ATTR_REASON]: reason,
          ...about(event.decision),
        });
        return;
      }
      case 'attempt': {
        const { attempt } = event;
        if (attempt.closedAtMs === null || attempt.outcome === null) return;
        const attributes = { [ATTR_OUTCOME]: attempt.outcome, ...about({ ...attempt.target, dyno: attempt.dyno }) };
        restarts.add(1, attributes);
        duration.record((attempt.closedAtMs - attempt.claimedAtMs) / 1000, attributes);
        return;
      }
      case 'reclaimed': {
        const target = targetOf(event.target);
        reclaimed.record(Math.max(0, event.reclaimedBytes), {
          [ATTR_HEROKU_APP_NAME]: target.app,
          [ATTR_HEROKU_PROCESS_TYPE]: target.processType,
        });
        return;
      }
      case 'breaker':
        return;
    }
  };
}

/** Metrics that are read when they are collected. */
function observeState({ meter, clock, maxPointAgeMs, entries, ingestCounts }: OwnMetricsOptions): void {
  const dataPoints = meter.createObservableCounter(
    METRIC_INGEST_DATA_POINTS.name,
    described(METRIC_INGEST_DATA_POINTS),
  );
  const boots = meter.createObservableUpDownCounter(METRIC_BOOT_ACTIVE.name, described(METRIC_BOOT_ACTIVE));
  const classes = meter.createObservableUpDownCounter(METRIC_DYNO_CLASS.name, described(METRIC_DYNO_CLASS));
  const timeToLimit = meter.createObservableGauge(METRIC_DYNO_TIME_TO_LIMIT.name, {
    ...described(METRIC_DYNO_TIME_TO_LIMIT),
    valueType: ValueType.DOUBLE,
  });
  dataPoints.addCallback((result) => {
    for (const [name, count] of Object.entries(ingestCounts())) result.observe(count, { [ATTR_RESULT]: name });
  });
  meter.addBatchObservableCallback(
    (result) => {
      const youngest = clock.now() - maxPointAgeMs;
      const active = entries().filter(({ boot }) => boot.lastPointMs >= youngest);
      result.observe(boots, active.length);
      for (const decision of newestDecisions(active)) {
        for (const name of MEMORY_CLASSES) {
          result.observe(classes, name === decision.class ? 1 : 0, { [ATTR_CLASS]: name, ...about(decision) });
        }
        if (decision.timeToLimitMs !== null) {
          result.observe(timeToLimit, decision.timeToLimitMs / 1000, about(decision));
        }
      }
    },
    [boots, classes, timeToLimit],
  );
}

/** One decision per dyno: shortly after a restart the old boot's points are still young, and the new boot's count. */
function newestDecisions(active: readonly BootEntry[]): readonly Decision[] {
  const byDyno = new Map<string, Decision>();
  for (const { decision } of [...active].sort((a, b) => a.boot.lastPointMs - b.boot.lastPointMs)) {
    if (decision !== null) byDyno.set(`${decision.app ?? ''}|${decision.dyno}`, decision);
  }
  return [...byDyno.values()];
}

function about({ app, processType, dyno }: Pick<Decision, 'app' | 'processType' | 'dyno'>): Attributes {
  return {
    ...(app === null ? {} : { [ATTR_HEROKU_APP_NAME]: app }),
    [ATTR_HEROKU_PROCESS_TYPE]: processType,
    [ATTR_HEROKU_DYNO_NAME]: dyno,
  };
}

function described({ unit, description }: MetricDefinition): MetricOptions {
  return { unit, description, valueType: ValueType.INT };
}

function histogram(meter: Meter, metric: MetricDefinition, buckets: number[]): Histogram {
  return meter.createHistogram(metric.name, {
    unit: metric.unit,
    description: metric.description,
    advice: { explicitBucketBoundaries: buckets },
  });
}
