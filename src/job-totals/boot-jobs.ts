import type { Holding } from '../model/fair-shares.ts';
import type { JobFigure, JobPoint } from '../model/job-point.ts';
import type { BootIdentity } from '../model/point.ts';
import { bytesOfSeries, Series } from './series.ts';

/** As the detector: a dyno that forks without end must not fill the actuator's memory. */
const MAX_PROCESSES = 64;
const MAX_SERIES = 4000;
/** Names beyond the cap that are counted one by one. */
const MAX_LEFT_OUT = 100;
/** A boot with the names that are left out, of which there are most when there is no room. */
const BOOT_BYTES = 4 * 1024;
/** What a boot is called is kept twice, with two bytes a character. */
const BYTES_PER_CHARACTER = 4;
/** With a map for each figure and its id, which the decoders bound. */
const PROCESS_BYTES = 2 * 1024;
/** V8 keeps numbers below this in place. */
const SMALL_NUMBERS = 2 ** 30;

/** Whether a boot may take so many bytes more; where it may, they are its own from then on. */
export type Room = (bytes: number) => boolean;

type SeriesByFigure = Map<JobFigure, Map<number, Series>>;

interface ProcessJobs {
  timeMs: number;
  readonly byFigure: SeriesByFigure;
}

/** What one boot measured of its jobs. Of bounded size. */
export class BootJobs implements Holding {
  readonly key: string;
  readonly identity: BootIdentity;
  /** Whose share of the memory it takes. */
  readonly owner: string;
  startMs = Number.POSITIVE_INFINITY;
  lastMs = 0;
  readonly #processes = new Map<string, ProcessJobs>();
  /** Of processes that are forgotten. */
  readonly #ended: SeriesByFigure = new Map();
  readonly #leftOut = new Set<number>();
  #leftOutBefore = 0;
  #series = 0;
  /** What it takes in the heap at most, bytes; kept by whoever gives it room. */
  amount = 0;

  constructor(key: string, identity: BootIdentity, owner: string) {
    this.key = key;
    this.identity = identity;
    this.owner = owner;
  }

  /** What it takes in the heap, at most. */
  get bytes(): number {
    return this.amount;
  }

  /** How many job names found no room; of those that this process left out, at most 100. */
  get leftOut(): number {
    return this.#leftOutBefore + this.#leftOut.size;
  }

  /** Names that another process left out before. */
  leaveOutMore(names: number): void {
    this.#leftOutBefore += names;
  }

  /** @returns how many of the points found no room */
  take(processId: string, points: readonly JobPoint[], room: Room): number {
    if (this.amount === 0 && !room(bytesOfBoot(this.identity))) return points.length;
    const process = this.#processOf(processId, room);
    if (process === null) return this.#leaveOut(points);
    let leftOut = 0;
    for (const point of points) {
      const series = this.#seriesOf(process, point, room);
      if (series === null) continue;
      if (series === 'no-room') {
        leftOut += this.#leaveOut([point]);
        continue;
      }
      series.take(point);
      process.timeMs = Math.max(process.timeMs, point.timeMs);
      this.lastMs = Math.max(this.lastMs, point.timeMs);
      this.startMs = Math.min(this.startMs, point.startMs === 0 ? point.timeMs : point.startMs);
    }
    return leftOut;
  }

  #leaveOut(points: readonly JobPoint[]): number {
    for (const { figure, seriesId } of points) {
      if (figure === 'runs' && this.#leftOut.size < MAX_LEFT_OUT) this.#leftOut.add(seriesId % SMALL_NUMBERS);
    }
    return points.length;
  }

  *series(): Iterable<Series> {
    for (const all of this.#ended.values()) yield* all.values();
    for (const { byFigure } of this.#processes.values()) {
      for (const all of byFigure.values()) yield* all.values();
    }
  }

  /** Null where it does not say what it is about. */
  #seriesOf({ byFigure }: ProcessJobs, point: JobPoint, room: Room): Series | 'no-room' | null {
    const { figure, seriesId } = point;
    const known = byFigure.get(figure);
    const series = known?.get(seriesId);
    if (series !== undefined) return series;
    const labels = point.labels();
    if (labels === null) return null;
    if (this.#series >= MAX_SERIES || !room(bytesOfSeries(figure, labels))) return 'no-room';
    const made = new Series(figure, labels);
    const all = known ?? new Map<number, Series>();
    if (known === undefined) byFigure.set(figure, all);
    all.set(seriesId, made);
    this.#series += 1;
    return made;
  }

  #processOf(processId: string, room: Room): ProcessJobs | null {
    const known = this.#processes.get(processId);
    if (known !== undefined) return known;
    if (this.#processes.size >= MAX_PROCESSES) this.#endSilent(room);
    if (!room(PROCESS_BYTES)) return null;
    const made: ProcessJobs = { timeMs: 0, byFigure: new Map() };
    this.#processes.set(processId, made);
    return made;
  }

  /** The process that was silent the longest has ended: what it came to is kept, and what it does now is nothing. */
  #endSilent(room: Room): void {
    const [silent] = [...this.#processes].sort(([, a], [, b]) => a.timeMs - b.timeMs);
    if (silent === undefined) return;
    const [processId, { byFigure }] = silent;
    this.#processes.delete(processId);
    let freed = PROCESS_BYTES;
    for (const [figure, all] of byFigure) {
      this.#series -= all.size;
      for (const [seriesId, series] of all) {
        freed += bytesOfSeries(figure, series.labels);
        if (figure !== 'active' && figure !== 'held') freed -= this.#end(seriesId, series);
      }
    }
    // What it came to takes no more than it did.
    room(-freed);
  }

  /** @returns the bytes that this took */
  #end(seriesId: number, series: Series): number {
    const { figure, labels } = series;
    const all = this.#ended.get(figure) ?? new Map<number, Series>();
    this.#ended.set(figure, all);
    const known = all.get(seriesId);
    if (known !== undefined) {
      known.absorb(series);
      return 0;
    }
    all.set(seriesId, series);
    this.#series += 1;
    return bytesOfSeries(figure, labels);
  }
}

function bytesOfBoot({ app, dyno, bootId, processType, release }: BootIdentity): number {
  const names = [app ?? '', dyno, bootId, processType, release ?? ''];
  return BOOT_BYTES + names.reduce((sum, { length }) => sum + length, 0) * BYTES_PER_CHARACTER;
}
