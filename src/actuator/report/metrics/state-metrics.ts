import type { BatchObservableResult, Meter } from '@opentelemetry/api';
import {
  ATTR_RESULT,
  METRIC_ACTUATOR_LEADING,
  METRIC_INGEST_DATA_POINTS,
  METRIC_PLATFORM_BUDGET_REMAINING,
  METRIC_PLATFORM_CALLS,
  METRIC_PLATFORM_CALLS_REMAINING,
} from '../../../semconv.ts';
import type { CallFigures } from '../../platform/platform-view.ts';
import { described } from './describe.ts';

/** What is read whenever the metrics are collected. */
export interface ObservedState {
  readonly meter: Meter;
  /** Data points received since the start, by result. */
  readonly ingestCounts: () => Readonly<Record<string, number>>;
  readonly leads: () => boolean;
  /** Null where no platform is configured. */
  readonly calls: (() => Pick<CallFigures, 'made' | 'left' | 'budgetLeft'>) | null;
}

/** Creates the metrics that show the state of the actuator itself; `readFleet` shows that of dynos and targets. */
export function observeState(state: ObservedState): void {
  observeActuator(state);
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
