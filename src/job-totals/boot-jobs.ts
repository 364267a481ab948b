import type { JobFigure, JobPoint } from '../model/job-point.ts';
import type { BootIdentity } from '../model/point.ts';
import { Series } from './series.ts';

/** As the detector: a dyno that forks without end must not fill the actuator's memory. */
const MAX_PROCESSES = 64;
const MAX_SERIES = 4000;
/** Series beyond the cap that are told apart, to say how many there are. */
const MAX_LEFT_OUT = 1000;

interface ProcessJobs {
  timeMs: number;
  readonly byFigure: Map<JobFigure, Map<number, Series>>;
}

/** What one boot measured of its jobs. Of bounded size. */
export class BootJobs {
  readonly identity: BootIdentity;
  startMs = Number.POSITIVE_INFINITY;
  lastMs = 0;
  readonly #processes = new Map<string, ProcessJobs>();
  /** Of processes that are forgotten. */
  readonly #ended = new Map<string, Series>();
  readonly #leftOut = new Set<number>();
  #size = 0;

  constructor(identity: BootIdentity) {
    this.identity = identity;
  }

  /** How many series it keeps. */
  get size(): number {
    return this.#size;
  }

  get leftOut(): number {
    return this.#leftOut.size;
  }

  /** @param room how many series more may be kept */
  take(processId: string, points: readonly JobPoint[], room: number): void {
    const process = this.#processOf(processId);
    let left = Math.min(room, MAX_SERIES - this.#size);
    for (const point of points) {
      const series = this.#seriesOf(process, point, left);
      if (series === null) continue;
      if (series.timeMs === 0) left -= 1;
      series.take(point);
      process.timeMs = Math.max(process.timeMs, point.timeMs);
      this.lastMs = Math.max(this.lastMs, point.timeMs);
      this.startMs = Math.min(this.startMs, point.startMs === 0 ? point.timeMs : point.startMs);
    }
  }

  *series(): Iterable<Series> {
    yield* this.#ended.values();
    for (const { byFigure } of this.#processes.values()) {
      for (const all of byFigure.values()) yield* all.values();
    }
  }

  /** Null where there is no room for it, or where it does not say what it is about. */
  #seriesOf({ byFigure }: ProcessJobs, point: JobPoint, room: number): Series | null {
    const { figure, seriesId } = point;
    const known = byFigure.get(figure);
    const series = known?.get(seriesId);
    if (series !== undefined) return series;
    if (room <= 0) {
      if (figure === 'runs' && this.#leftOut.size < MAX_LEFT_OUT) this.#leftOut.add(seriesId);
      return null;
    }
    const labels = point.labels();
    if (labels === null) return null;
    const made = new Series(figure, labels);
    const all = known ?? new Map<number, Series>();
    if (known === undefined) byFigure.set(figure, all);
    all.set(seriesId, made);
    this.#size += 1;
    return made;
  }

  #processOf(processId: string): ProcessJobs {
    const known = this.#processes.get(processId);
    if (known !== undefined) return known;
    if (this.#processes.size >= MAX_PROCESSES) this.#endSilent();
    const made: ProcessJobs = { timeMs: 0, byFigure: new Map() };
    this.#processes.set(processId, made);
    return made;
  }

  /** The process that was silent the longest has ended: what it came to is kept, and what it does now is nothing. */
  #endSilent(): void {
    const [silent] = [...this.#processes].sort(([, a], [, b]) => a.timeMs - b.timeMs);
    if (silent === undefined) return;
    const [processId, { byFigure }] = silent;
    this.#processes.delete(processId);
    for (const [figure, all] of byFigure) {
      this.#size -= all.size;
      if (figure === 'active' || figure === 'held') continue;
      for (const series of all.values()) this.#ending(series).absorb(series);
    }
  }

  #ending({ figure, labels }: Series): Series {
    const key = `${figure}|${labels.known}|${labels.queue}|${labels.name}`;
    const known = this.#ended.get(key);
    if (known !== undefined) return known;
    const made = new Series(figure, labels);
    this.#ended.set(key, made);
    this.#size += 1;
    return made;
  }
}
