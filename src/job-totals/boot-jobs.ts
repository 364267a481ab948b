import type { Holding } from '../model/fair-shares.ts';
import type { JobPoint } from '../model/job-point.ts';
import type { BootIdentity } from '../model/point.ts';
import { bytesOfSeries, type Series } from './series.ts';
import { SeriesSet } from './series-set.ts';

/** As the detector: a dyno that forks without end must not fill the actuator's memory. */
const MAX_PROCESSES = 64;
const MAX_SERIES = 4000;
/** Names beyond the cap that are counted one by one. */
const MAX_LEFT_OUT = 100;
/** A boot, and the names that are left out. There are most of those when no room is left. */
const BOOT_BYTES = 4 * 1024;
/** What a boot is called is kept twice, with two bytes a character. */
const BYTES_PER_CHARACTER = 4;
/** With a map for each figure and its id, which the decoders bound. */
const PROCESS_BYTES = 2 * 1024;
/** V8 keeps numbers below this in place. */
const SMALL_NUMBERS = 2 ** 30;

/** Asks whether a boot may take `bytes` more. True: they are counted as its own from then on. */
export type Room = (bytes: number) => boolean;

interface ProcessJobs {
  timeMs: number;
  readonly series: SeriesSet;
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
  /** The sums of processes that are forgotten; null until one is. */
  #ended: SeriesSet | null = null;
  /** Null where all names found room. */
  #leftOut: Set<number> | null = null;
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
    return this.#leftOutBefore + (this.#leftOut?.size ?? 0);
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
      const place = this.#placeOf(process, point, room);
      if (place === null) continue;
      if (place === 'no-room') {
        leftOut += this.#leaveOut([point]);
        continue;
      }
      process.series.take(place, point);
      process.timeMs = Math.max(process.timeMs, point.timeMs);
      this.lastMs = Math.max(this.lastMs, point.timeMs);
      this.startMs = Math.min(this.startMs, point.startMs === 0 ? point.timeMs : point.startMs);
    }
    return leftOut;
  }

  #leaveOut(points: readonly JobPoint[]): number {
    this.#leftOut ??= new Set();
    for (const { figure, seriesId } of points) {
      if (figure === 'runs' && this.#leftOut.size < MAX_LEFT_OUT) this.#leftOut.add(seriesId % SMALL_NUMBERS);
    }
    return points.length;
  }

  *series(): Iterable<Series> {
    if (this.#ended !== null) yield* this.#ended;
    for (const { series } of this.#processes.values()) yield* series;
  }

  /** Of the point's series in its process; null where it does not say what it is about. */
  #placeOf({ series }: ProcessJobs, point: JobPoint, room: Room): number | 'no-room' | null {
    const { figure, seriesId } = point;
    const known = series.find(figure, seriesId);
    if (known >= 0) return known;
    const labels = point.labels();
    if (labels === null) return null;
    if (this.#series >= MAX_SERIES || !room(bytesOfSeries(figure, labels))) return 'no-room';
    this.#series += 1;
    return series.add(figure, labels, seriesId);
  }

  #processOf(processId: string, room: Room): ProcessJobs | null {
    const known = this.#processes.get(processId);
    if (known !== undefined) return known;
    if (this.#processes.size >= MAX_PROCESSES) this.#endSilent(room);
    if (!room(PROCESS_BYTES)) return null;
    const made: ProcessJobs = { timeMs: 0, series: new SeriesSet() };
    this.#processes.set(processId, made);
    return made;
  }

  /** The process that was silent the longest has ended: what it came to is kept, and what it does now is nothing. */
  #endSilent(room: Room): void {
    const [silent] = [...this.#processes].sort(([, a], [, b]) => a.timeMs - b.timeMs);
    if (silent === undefined) return;
    const [processId, { series: all }] = silent;
    this.#processes.delete(processId);
    let freed = PROCESS_BYTES;
    for (const series of all) {
      const { figure, labels } = series;
      this.#series -= 1;
      freed += bytesOfSeries(figure, labels);
      if (figure !== 'active' && figure !== 'held') freed -= this.#end(series);
    }
    // What it came to takes no more than it did.
    room(-freed);
  }

  /** @returns the bytes that this took */
  #end(series: Series): number {
    const { figure, labels, id } = series;
    this.#ended ??= new SeriesSet();
    const known = this.#ended.find(figure, id);
    if (known >= 0) {
      this.#ended.absorb(known, series);
      return 0;
    }
    this.#ended.absorb(this.#ended.add(figure, labels, id), series);
    this.#series += 1;
    return bytesOfSeries(figure, labels);
  }
}

function bytesOfBoot({ app, dyno, bootId, processType, release }: BootIdentity): number {
  const names = [app ?? '', dyno, bootId, processType, release ?? ''];
  return BOOT_BYTES + names.reduce((sum, { length }) => sum + length, 0) * BYTES_PER_CHARACTER;
}
