import type { Attributes } from '@opentelemetry/api';
import type { Clock } from '../../../ports.ts';
import { METRIC_DECISIONS, METRIC_RESTARTS, type MetricDefinition } from '../../../semconv.ts';
import type { Log } from '../log.ts';
import { MAX_NAMED, type MetricReading } from './fleet-metrics.ts';

/** Series of one dyno: classes, actions and reasons that a dyno really shows together are some dozens. */
const MAX_SERIES_OF_DYNO = 200;

interface Series {
  readonly metric: MetricDefinition;
  readonly attributes: Attributes;
  readonly sinceMs: number;
  value: number;
}

/**
 * Counts of what happened to each dyno. They are not instruments of the SDK: after 2,000 series of a metric it would
 * show no new one. At most `MAX_NAMED` dynos have series; of more, those about which nothing was counted for longest
 * lose theirs, and begin again at zero when they are heard of.
 */
export class EventCounts {
  readonly #clock: Pick<Clock, 'now'>;
  readonly #log: Pick<Log, 'warn'>;
  #hasSaid = false;
  /** By dyno; the one that was counted last stands last. */
  readonly #dynos = new Map<string, Map<string, Series>>();

  constructor({ clock, log }: { readonly clock: Pick<Clock, 'now'>; readonly log: Pick<Log, 'warn'> }) {
    this.#clock = clock;
    this.#log = log;
  }

  /** @param about names the dyno; part of the series' attributes */
  add(metric: MetricDefinition, about: Attributes, attributes: Attributes): void {
    const dyno = JSON.stringify(about);
    const series = this.#dynos.get(dyno) ?? new Map<string, Series>();
    this.#dynos.delete(dyno);
    this.#dynos.set(dyno, series);
    const key = JSON.stringify([metric.name, attributes]);
    const known = series.get(key);
    if (known !== undefined) known.value += 1;
    else series.set(key, { metric, attributes: { ...attributes, ...about }, sinceMs: this.#clock.now(), value: 1 });
    forgetFirst(series, MAX_SERIES_OF_DYNO);
    if (!forgetFirst(this.#dynos, MAX_NAMED) || this.#hasSaid) return;
    this.#hasSaid = true;
    this.#log.warn(`more than ${MAX_NAMED} dynos were counted: ${NAMES} keep the series of the last ones`);
  }

  *read(): Generator<void, readonly MetricReading[]> {
    const points = new Map(COUNTED.map((metric) => [metric, [] as MetricReading['points'][number][]]));
    for (const series of this.#dynos.values()) {
      for (const { metric, value, attributes, sinceMs } of series.values()) {
        points.get(metric)?.push({ value, attributes, sinceMs });
      }
      yield;
    }
    return COUNTED.map((metric) => ({ metric, points: points.get(metric) ?? [] }));
  }
}

const COUNTED: readonly MetricDefinition[] = [METRIC_DECISIONS, METRIC_RESTARTS];
const NAMES = COUNTED.map(({ name }) => name).join(' and ');

function forgetFirst<K>(entries: Map<K, unknown>, most: number): boolean {
  if (entries.size <= most) return false;
  for (const first of entries.keys()) {
    entries.delete(first);
    break;
  }
  return true;
}
