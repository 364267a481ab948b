import type { Attributes } from '@opentelemetry/api';
import {
  ATTR_ATTRIBUTION,
  ATTR_JOB_NAME,
  ATTR_JOB_OUTCOME,
  ATTR_MESSAGING_DESTINATION_NAME,
  ATTR_MESSAGING_OPERATION_NAME,
  ATTR_MESSAGING_SYSTEM,
  MESSAGING_OPERATION_PROCESS,
  MESSAGING_SYSTEM_BULLMQ,
} from '../../semconv.ts';
import type { JobNameTotals } from '../attribution/job-name-totals.ts';
import type { JobOutcome } from './job-outcome.ts';

export type Attribution = 'exclusive' | 'shared' | 'sandboxed';

/** The jobs of one name in one queue with one outcome and attribution: one point of each metric. */
export interface JobSeries {
  readonly outcome: JobOutcome;
  readonly attribution: Attribution;
  readonly attributes: Attributes;
  /** The attributes of `messaging.process.duration`, except `error.type`. */
  readonly durationAttributes: Attributes;
  /** Net change that is not exported yet: whole bytes, signed. */
  pendingNetBytes: number;
  /** Jobs that ended since the net change was last taken. */
  recentJobs: number;
}

/** All series of one name in one queue. */
export class JobNameStats {
  readonly queue: string;
  readonly name: string;
  readonly totals: JobNameTotals;
  readonly #series = new Map<Attribution, Map<JobOutcome, JobSeries>>();
  #latest: JobSeries | null = null;

  constructor({
    queue,
    name,
    totals,
  }: { readonly queue: string; readonly name: string; readonly totals: JobNameTotals }) {
    this.queue = queue;
    this.name = name;
    this.totals = totals;
  }

  /** Counts a job that has ended, and returns its series. */
  ended(outcome: JobOutcome, attribution: Attribution): JobSeries {
    const latest = this.#latest;
    // Most jobs end like the one before.
    const series =
      latest !== null && latest.outcome === outcome && latest.attribution === attribution
        ? latest
        : (this.#series.get(attribution)?.get(outcome) ?? this.#newSeries(outcome, attribution));
    series.recentJobs += 1;
    if (attribution !== 'sandboxed') this.#latest = series;
    return series;
  }

  /** Splits the bytes of the totals among the series, and reports each change. */
  takeNetChanges(report: (series: JobSeries, netBytes: number) => void): void {
    this.#spread();
    for (const ofAttribution of this.#series.values()) {
      for (const series of ofAttribution.values()) {
        if (series.pendingNetBytes !== 0) report(series, series.pendingNetBytes);
        series.pendingNetBytes = 0;
        series.recentJobs = 0;
      }
    }
  }

  /** Splits the estimate of the name among its series, by number of jobs. Does nothing until a job has ended. */
  #spread(): void {
    if (this.#latest === null) return;
    const recent = [...this.#recent('exclusive'), ...this.#recent('shared')];
    const jobs = recent.reduce((sum, { recentJobs }) => sum + recentJobs, 0);
    const total = this.totals.takeBytes(jobs);
    let left = total;
    for (const series of recent) {
      const bytes = Math.trunc((total * series.recentJobs) / jobs);
      series.pendingNetBytes += bytes;
      left -= bytes;
    }
    (recent[0] ?? this.#latest).pendingNetBytes += left;
  }

  #recent(attribution: Attribution): readonly JobSeries[] {
    return [...(this.#series.get(attribution)?.values() ?? [])].filter(({ recentJobs }) => recentJobs > 0);
  }

  #newSeries(outcome: JobOutcome, attribution: Attribution): JobSeries {
    const attributes: Attributes = {
      [ATTR_MESSAGING_SYSTEM]: MESSAGING_SYSTEM_BULLMQ,
      [ATTR_MESSAGING_DESTINATION_NAME]: this.queue,
      [ATTR_JOB_NAME]: this.name,
      [ATTR_JOB_OUTCOME]: outcome,
      [ATTR_ATTRIBUTION]: attribution,
    };
    const series: JobSeries = {
      outcome,
      attribution,
      attributes,
      durationAttributes: { ...attributes, [ATTR_MESSAGING_OPERATION_NAME]: MESSAGING_OPERATION_PROCESS },
      pendingNetBytes: 0,
      recentJobs: 0,
    };
    const ofAttribution = this.#series.get(attribution) ?? new Map<JobOutcome, JobSeries>();
    this.#series.set(attribution, ofAttribution.set(outcome, series));
    return series;
  }
}
