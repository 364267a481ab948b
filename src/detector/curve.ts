import { fromBase64, toBase64 } from '../model/base64.ts';

/**
 * The memory of a boot's curve. Samples go into the open bucket; a closed one leaves a floor and a peak; floors are kept at three resolutions.
 * All of it is one array of 32-bit floats, written in place: 1 KiB for a boot of any age, and nothing is allocated for a sample. A float keeps
 * 7 digits, so bytes are good to a millionth of the level, and times, which are in windows since the first sample, to a tenth of a second after a
 * week.
 */

/** One closed bucket. */
export interface Bucket {
  readonly timeMs: number;
  /** What stayed in use. Bytes. */
  readonly floorBytes: number;
  readonly peakBytes: number;
  /** Whether a moment without jobs supports the floor; null where jobs are not counted. */
  readonly idle: boolean | null;
}

/** A floor and when it was. */
export interface Level {
  readonly timeMs: number;
  readonly floorBytes: number;
}

const SAMPLES_PER_BUCKET = 5;
const FINE_BUCKETS = 32;
/** A coarse floor is the lowest of so many fine ones, a wide one the lowest of so many coarse ones. */
const COARSE_FACTOR = 12;
const WIDE_FACTOR = 6;
const COARSE_BUCKETS = 28;
const WIDE_BUCKETS = 15;

/** The warm-up is over when so many floors in a row are level... */
const LEVEL_BUCKETS = 4;
/** ... by this share of the floor and this many bytes; */
const LEVEL_FRACTION = 0.04;
const LEVEL_BYTES = 8 * 1024 ** 2;
/** ... or after so many windows: then it never was level, so it was no warm-up but growth from the start, and the first floor is what counts. */
const WARMUP_WINDOWS = 30;

/** Places in the array. `UNKNOWN` stands for null: no measured value is negative. */
const UNKNOWN = -1;
const CLOSED = 0;
const OPEN_TIME = 1;
const OPEN_SAMPLES = 2;
const OPEN_JOBS_KNOWN = 3;
const OPEN_IDLE_FLOOR = 4;
const OPEN_FLOOR = 5;
const OPEN_PEAK = 6;
const LAST = 7;
const LAST_BUT_ONE = 8;
const COARSE_CLOSED = 9;
const COARSE_COUNT = 10;
const COARSE_FLOOR = 11;
const COARSE_TIME = 12;
const WIDE_CLOSED = 13;
const WIDE_COUNT = 14;
const WIDE_FLOOR = 15;
const WIDE_TIME = 16;
const WARM_FLOOR = 17;
const NOISE = 18;
const IDLE_LAST = 19;
const IDLE_LAST_BUT_ONE = 20;
const OPEN_IDLE_SAMPLES = 21;
const BUSY_RUN = 22;
/** Left to the classifier, which keeps here what it found at the last close. */
const FOUND = 23;
export const FOUND_LENGTH = 22;
const SCALARS = FOUND + FOUND_LENGTH;

const FINE = SCALARS;
const FINE_FLOOR = FINE + FINE_BUCKETS;
const FINE_PEAK = FINE_FLOOR + FINE_BUCKETS;
const FINE_IDLE = FINE_PEAK + FINE_BUCKETS;
const COARSE = FINE_IDLE + FINE_BUCKETS;
const WIDE = COARSE + 2 * COARSE_BUCKETS;
const LENGTH = WIDE + 2 * WIDE_BUCKETS;

/** Places are found by these, so nothing but a count may stand there. */
const COUNTS = [
  CLOSED,
  OPEN_SAMPLES,
  OPEN_IDLE_SAMPLES,
  COARSE_CLOSED,
  COARSE_COUNT,
  WIDE_CLOSED,
  WIDE_COUNT,
  BUSY_RUN,
] as const;
/** Up to here a 32-bit float counts without a gap: 30 years of buckets of a minute. */
const MAX_COUNT = 2 ** 24;

/** After so many samples with jobs in a row those are what there is. */
const BUSY_SAMPLES = 30;
/** How fast the noise follows: each sample moves it by this share of itself. */
const NOISE_STEP = 0.03;
/** What it can come to, as shares of the level. */
const MIN_NOISE = 0.0001;
const MAX_NOISE = 0.3;
/** The standard deviation is this times the median of the absolute second difference (whose deviation is the root of 6 times larger). */
const DEVIATION_OF_SECOND_DIFFERENCE = 1.4826 / Math.sqrt(6);
/** The lowest of so many running medians of three of normal values lies so many of their deviations below the mean (from 4,000 draws). */
const LOWEST_OF = [0, 0, 0.2, 0.34, 0.47, 0.55, 0.63, 0.68, 0.74, 0.77, 0.83, 0.86, 0.9] as const;
/** More than this share of the level is not taken for noise. */
const MAX_CORRECTION = 0.06;

/** One buffer for many boots: an ArrayBuffer of its own would cost each another 250 bytes. It is freed when the last boot in it is. */
const BOOTS_PER_SLAB = 128;
let slab = new Float32Array(0);
let slabUsed = 0;

function allocate(): Float32Array {
  if (slabUsed + LENGTH > slab.length) {
    slab = new Float32Array(BOOTS_PER_SLAB * LENGTH);
    slabUsed = 0;
  }
  slabUsed += LENGTH;
  return slab.subarray(slabUsed - LENGTH, slabUsed);
}

export class Curve {
  readonly windowMs: number;
  /** The first sample's. */
  readonly originMs: number;
  readonly #values: Float32Array;

  constructor(windowMs: number, originMs: number, values?: Float32Array) {
    this.windowMs = windowMs;
    this.originMs = originMs;
    this.#values = values ?? allocate();
    if (values === undefined) {
      for (const place of [OPEN_IDLE_FLOOR, LAST, LAST_BUT_ONE, WARM_FLOOR, NOISE, IDLE_LAST, IDLE_LAST_BUT_ONE])
        this.#values[place] = UNKNOWN;
    }
  }

  toJSON(): unknown {
    const { buffer, byteOffset, byteLength } = this.#values;
    return {
      windowMs: this.windowMs,
      originMs: this.originMs,
      values: toBase64(new Uint8Array(buffer, byteOffset, byteLength)),
    };
  }

  /**
   * From what `toJSON` gave. Null where the value is none, of another layout, or holds what no curve can: a time after `latestMs` (Unix ms) too, since a
   * bucket from the future would never close.
   */
  static restore(value: unknown, latestMs = Number.MAX_SAFE_INTEGER): Curve | null {
    const { windowMs, originMs, values } = (value ?? {}) as Record<string, unknown>;
    if (!isNumber(windowMs) || windowMs <= 0 || !isNumber(originMs) || typeof values !== 'string') return null;
    if (originMs < 0 || originMs > latestMs) return null;
    const bytes = fromBase64(values);
    if (bytes?.byteLength !== LENGTH * 4) return null;
    // Its own buffer first: what is refused takes no place among the boots.
    const restored = new Float32Array(bytes.buffer);
    if (!restored.every(isPlausible) || !COUNTS.every((place) => isCount(restored[place]))) return null;
    const latest = (latestMs - originMs) / windowMs;
    // A float keeps 7 digits, so the newest time may have been rounded up.
    const isPast = (time: number | undefined) => time !== undefined && time <= latest * (1 + 1e-6) + 1;
    if (!isPast(restored[OPEN_TIME]) || !restored.subarray(FINE, FINE_FLOOR).every(isPast)) return null;
    const own = allocate();
    own.set(restored);
    return new Curve(windowMs, originMs, own);
  }

  get closedBuckets(): number {
    return this.#at(CLOSED);
  }

  /** The floor after the warm-up; null while that is not over. */
  get warmFloorBytes(): number | null {
    return known(this.#at(WARM_FLOOR));
  }

  /** The highest of the open bucket; null before the first sample. */
  get openPeakBytes(): number | null {
    return this.#at(OPEN_SAMPLES) === 0 ? null : this.#at(OPEN_PEAK);
  }

  /** Standard deviation of single samples around their own short trend, while jobs neither start nor end; bytes. */
  get #sampleNoiseBytes(): number {
    return Math.max(0, this.#at(NOISE)) * DEVIATION_OF_SECOND_DIFFERENCE;
  }

  /** What the classifier found at the last close: its own to write. */
  get found(): Float32Array {
    return this.#values.subarray(FOUND, FOUND + FOUND_LENGTH);
  }

  /** Adds a sample; tells whether it has closed a bucket. Samples come in the order of their times. */
  observe(timeMs: number, usageBytes: number, activeJobs: number | null): boolean {
    const values = this.#values;
    const time = (timeMs - this.originMs) / this.windowMs;
    const samples = this.#at(OPEN_SAMPLES);
    const age = time - this.#at(OPEN_TIME);
    const closes = samples > 0 && ((age >= 1 && samples >= SAMPLES_PER_BUCKET) || age > 10 * SAMPLES_PER_BUCKET);
    if (closes) this.#close();
    const [last, lastButOne] = [this.#at(LAST), this.#at(LAST_BUT_ONE)];
    this.#followNoise(usageBytes, activeJobs);
    const value = lastButOne < 0 ? usageBytes : medianOfThree(usageBytes, last, lastButOne);
    values[LAST_BUT_ONE] = last;
    values[LAST] = usageBytes;
    this.#addToOpen(time, value, activeJobs);
    return closes;
  }

  #addToOpen(time: number, value: number, activeJobs: number | null): void {
    const values = this.#values;
    const samples = this.#at(OPEN_SAMPLES);
    if (samples === 0) {
      values[OPEN_TIME] = time;
      values[OPEN_JOBS_KNOWN] = 0;
      values[OPEN_IDLE_FLOOR] = UNKNOWN;
      values[OPEN_IDLE_SAMPLES] = 0;
      values[OPEN_FLOOR] = value;
      values[OPEN_PEAK] = value;
    }
    values[OPEN_SAMPLES] = samples + 1;
    values[OPEN_FLOOR] = Math.min(this.#at(OPEN_FLOOR), value);
    values[OPEN_PEAK] = Math.max(this.#at(OPEN_PEAK), value);
    if (activeJobs === null) return;
    values[OPEN_JOBS_KNOWN] = 1;
    const idle = this.#at(OPEN_IDLE_FLOOR);
    if (activeJobs !== 0) return;
    values[OPEN_IDLE_FLOOR] = idle < 0 ? value : Math.min(idle, value);
    values[OPEN_IDLE_SAMPLES] = this.#at(OPEN_IDLE_SAMPLES) + 1;
  }

  /**
   * A median that moves a little with each value (a frugal one), of how much an idle sample lies off the line through the two before it: what jobs take
   * and give back is no noise, unless they never end.
   */
  #followNoise(usageBytes: number, activeJobs: number | null): void {
    const values = this.#values;
    const isBusy = activeJobs !== null && activeJobs > 0;
    values[BUSY_RUN] = isBusy ? Math.min(this.#at(BUSY_RUN) + 1, BUSY_SAMPLES) : 0;
    if (isBusy && this.#at(BUSY_RUN) < BUSY_SAMPLES) return;
    const [last, lastButOne] = [this.#at(IDLE_LAST), this.#at(IDLE_LAST_BUT_ONE)];
    values[IDLE_LAST_BUT_ONE] = last;
    values[IDLE_LAST] = usageBytes;
    if (lastButOne < 0) return;
    const bend = Math.abs(usageBytes - 2 * last + lastButOne);
    const noise = this.#at(NOISE);
    const moved = noise < 0 ? bend : noise * (bend > noise ? 1 + NOISE_STEP : 1 - NOISE_STEP);
    values[NOISE] = Math.min(Math.max(moved, MIN_NOISE * usageBytes), MAX_NOISE * usageBytes);
  }

  #close(): void {
    const values = this.#values;
    const closed = this.#at(CLOSED);
    const idle = this.#at(OPEN_IDLE_FLOOR);
    const floor =
      idle < 0
        ? this.#withoutBias(this.#at(OPEN_FLOOR), this.#at(OPEN_SAMPLES))
        : this.#withoutBias(idle, this.#at(OPEN_IDLE_SAMPLES));
    const time = this.#at(OPEN_TIME);
    const slot = closed % FINE_BUCKETS;
    values[FINE + slot] = time;
    values[FINE_FLOOR + slot] = floor;
    values[FINE_PEAK + slot] = this.#at(OPEN_PEAK);
    values[FINE_IDLE + slot] = this.#at(OPEN_JOBS_KNOWN) === 0 ? UNKNOWN : Number(idle >= 0);
    values[CLOSED] = closed + 1;
    values[OPEN_SAMPLES] = 0;
    this.#coarsen(time, floor);
    if (this.#at(WARM_FLOOR) < 0) values[WARM_FLOOR] = this.#warmedUp() ?? UNKNOWN;
  }

  /** The lowest of several noisy readings lies below what it reads; by how much is known from the noise. */
  #withoutBias(lowest: number, samples: number): number {
    const bias = (LOWEST_OF[Math.min(samples, LOWEST_OF.length - 1)] ?? 0) * this.#sampleNoiseBytes;
    return lowest + Math.min(bias, MAX_CORRECTION * lowest);
  }

  #coarsen(time: number, floor: number): void {
    const values = this.#values;
    const count = this.#at(COARSE_COUNT);
    values[COARSE_FLOOR] = count === 0 ? floor : Math.min(floor, this.#at(COARSE_FLOOR));
    if (count === Math.floor(COARSE_FACTOR / 2)) values[COARSE_TIME] = time;
    values[COARSE_COUNT] = (count + 1) % COARSE_FACTOR;
    if (count + 1 < COARSE_FACTOR) return;
    const coarseFloor = this.#at(COARSE_FLOOR);
    const coarseTime = this.#at(COARSE_TIME);
    this.#push(COARSE, { closed: COARSE_CLOSED, length: COARSE_BUCKETS }, coarseTime, coarseFloor);
    const wideCount = this.#at(WIDE_COUNT);
    values[WIDE_FLOOR] = wideCount === 0 ? coarseFloor : Math.min(coarseFloor, this.#at(WIDE_FLOOR));
    if (wideCount === Math.floor(WIDE_FACTOR / 2)) values[WIDE_TIME] = coarseTime;
    values[WIDE_COUNT] = (wideCount + 1) % WIDE_FACTOR;
    if (wideCount + 1 === WIDE_FACTOR)
      this.#push(WIDE, { closed: WIDE_CLOSED, length: WIDE_BUCKETS }, this.#at(WIDE_TIME), this.#at(WIDE_FLOOR));
  }

  #push(start: number, ring: { readonly closed: number; readonly length: number }, time: number, floor: number): void {
    const closed = this.#at(ring.closed);
    const slot = closed % ring.length;
    this.#values[start + slot] = time;
    this.#values[start + ring.length + slot] = floor;
    this.#values[ring.closed] = closed + 1;
  }

  /** The floor after the warm-up, once it is over. The very first bucket belongs to the start of the process and is left out. */
  #warmedUp(): number | null {
    const floors = this.fine().map(({ floorBytes }) => floorBytes);
    const warmup = this.closedBuckets <= FINE_BUCKETS ? floors.slice(1) : floors;
    const last = warmup.slice(-LEVEL_BUCKETS);
    if (last.length < LEVEL_BUCKETS) return null;
    const [low, high] = [Math.min(...last), Math.max(...last)];
    if (high - low <= Math.max(LEVEL_FRACTION * high, LEVEL_BYTES)) return median(last);
    const isOver =
      warmup.length > LEVEL_BUCKETS && this.#at(FINE + ((this.closedBuckets - 1) % FINE_BUCKETS)) >= WARMUP_WINDOWS;
    return isOver ? median(warmup.slice(0, 3)) : null;
  }

  /** Oldest first. */
  fine(): readonly Bucket[] {
    const closed = this.#at(CLOSED);
    const count = Math.min(closed, FINE_BUCKETS);
    const buckets: Bucket[] = [];
    for (let index = closed - count; index < closed; index += 1) {
      const slot = index % FINE_BUCKETS;
      const idle = this.#at(FINE_IDLE + slot);
      buckets.push({
        timeMs: this.#timeMs(this.#at(FINE + slot)),
        floorBytes: this.#at(FINE_FLOOR + slot),
        peakBytes: this.#at(FINE_PEAK + slot),
        idle: idle < 0 ? null : idle === 1,
      });
    }
    return buckets;
  }

  coarse(): readonly Level[] {
    return this.#levels(COARSE, COARSE_BUCKETS, this.#at(COARSE_CLOSED));
  }

  wide(): readonly Level[] {
    return this.#levels(WIDE, WIDE_BUCKETS, this.#at(WIDE_CLOSED));
  }

  #levels(start: number, length: number, closed: number): readonly Level[] {
    const levels: Level[] = [];
    for (let index = Math.max(0, closed - length); index < closed; index += 1) {
      const slot = index % length;
      levels.push({
        timeMs: this.#timeMs(this.#at(start + slot)),
        floorBytes: this.#at(start + length + slot),
      });
    }
    return levels;
  }

  #timeMs(windows: number): number {
    return this.originMs + windows * this.windowMs;
  }

  #at(place: number): number {
    return this.#values[place] ?? UNKNOWN;
  }
}

function isNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}

/** Beyond it nothing is measured, be it bytes, a time in windows, or how they change. */
function isPlausible(value: number): boolean {
  return Math.abs(value) <= Number.MAX_SAFE_INTEGER;
}

function isCount(value: number | undefined): boolean {
  return value !== undefined && Number.isInteger(value) && value >= 0 && value <= MAX_COUNT;
}

function known(value: number): number | null {
  return value < 0 ? null : value;
}

function medianOfThree(a: number, b: number, c: number): number {
  return Math.max(Math.min(a, b), Math.min(Math.max(a, b), c));
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? 0;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? upper)) / 2;
}
