import type { Histogram, Meter } from '@opentelemetry/api';
import { targetOf } from '../../../model/target.ts';
import type { ActuatorEvent } from '../../../ports.ts';
import {
  ATTR_ACTION,
  ATTR_CLASS,
  ATTR_OUTCOME,
  ATTR_REASON,
  METRIC_DECISIONS,
  METRIC_RESTART_DURATION,
  METRIC_RESTART_RECLAIMED,
  METRIC_RESTARTS,
  type MetricDefinition,
} from '../../../semconv.ts';
import { aboutDyno, aboutTarget } from './describe.ts';
import type { EventCounts } from './event-counts.ts';

/** Bytes: powers of 4 from 1 MiB to 4 GiB, and a bucket for restarts that freed nothing. */
const BYTE_BUCKETS = [0, ...Array.from({ length: 7 }, (_, power) => 4 ** power * 2 ** 20)];
/** Seconds: from a restart without running jobs to a drain of several minutes. */
const SECOND_BUCKETS = [1, 2, 5, 10, 20, 30, 60, 90, 120, 180, 300, 600];

/**
 * Creates the histograms of what happens, and returns the function that records events in them and in `counts`. The
 * meter's provider decides where they are sent.
 */
export function recordEvents(meter: Meter, counts: Pick<EventCounts, 'add'>): (event: ActuatorEvent) => void {
  const duration = histogram(meter, METRIC_RESTART_DURATION, SECOND_BUCKETS);
  const reclaimed = histogram(meter, METRIC_RESTART_RECLAIMED, BYTE_BUCKETS);
  return (event) => {
    switch (event.type) {
      case 'decision': {
        const { action, reason } = event.decision;
        counts.add(METRIC_DECISIONS, aboutDyno(event.decision), {
          [ATTR_CLASS]: event.decision.class,
          [ATTR_ACTION]: action,
          [ATTR_REASON]: reason,
        });
        return;
      }
      case 'attempt': {
        const { attempt } = event;
        if (attempt.closedAtMs === null || attempt.outcome === null) return;
        const about = aboutDyno({ ...attempt.target, dyno: attempt.dyno });
        const attributes = { [ATTR_OUTCOME]: attempt.outcome };
        counts.add(METRIC_RESTARTS, about, attributes);
        duration.record((attempt.closedAtMs - attempt.claimedAtMs) / 1000, { ...attributes, ...about });
        return;
      }
      case 'reclaimed': {
        reclaimed.record(Math.max(0, event.reclaimedBytes), aboutTarget(targetOf(event.target)));
        return;
      }
      case 'breaker':
      case 'steering':
        return;
    }
  };
}

function histogram(meter: Meter, metric: MetricDefinition, buckets: number[]): Histogram {
  return meter.createHistogram(metric.name, {
    unit: metric.unit,
    description: metric.description,
    advice: { explicitBucketBoundaries: buckets },
  });
}
