import { PARTS, TUNING } from '../tuning.ts';
import type { Bucket, Level, WarmFloor } from './level.ts';
import { biasOfLowest, followNoise, NO_NOISE, type NoiseState, sampleDeviation } from './noise.ts';
import { addTo, isHigher, isLower, type OpenLevel, openLevel } from './open-level.ts';
import { Ring } from './ring.ts';
import { warmFloorOf } from './warm-up.ts';

/**
 * The memory curve of one boot: what it holds beyond its running jobs. Samples go into an open bucket; a closed one
 * leaves a floor and a peak; floors are kept at three resolutions. Bounded: about 2 KB for a boot of any age.
 */

/** One sample of the boot. */
export interface CurveSample {
  readonly timeMs: number;
  /** Usage less what the running jobs hold. */
  readonly ownBytes: number;
  readonly heldByJobsBytes: number;
  /** Of that, the number of jobs that hold memory times what one is known to hold. */
  readonly jobsBytes: number;
  /** Null where jobs are not counted. */
  readonly activeJobs: number | null;
  /** As `JobLoad` says; null where jobs are not counted. */
  readonly holdingJobs: number | null;
}

const FINE_BUCKETS = 32;
/**
 * A coarse floor is the lowest of this many fine ones. A wide one is the highest of this many coarse ones: how high the
 * boot has been.
 */
const COARSE_FACTOR = 12;
const WIDE_FACTOR = 6;
const COARSE_BUCKETS = 28;
/** More than the platform's daily cycle, where a bucket is a window of a minute. */
const WIDE_BUCKETS = 24;
/** Where samples are rarer than this many windows, a bucket closes with what it has. */
const MAX_BUCKET_WINDOWS = 50;

interface OpenBucket {
  timeMs: number;
  samples: number;
  floorBytes: number;
  peakBytes: number;
  heldSum: number;
  jobsBytesSum: number;
  /** Null where jobs are not counted. */
  jobsSum: number | null;
  idleSamples: number;
  idleFloorBytes: number;
}

export class Curve {
  readonly windowMs: number;
  /** The first sample's. */
  readonly originMs: number;
  #open: OpenBucket | null = null;
  #lastBytes: number | null = null;
  #lastButOneBytes: number | null = null;
  readonly #noise: NoiseState = { ...NO_NOISE };
  #warm: WarmFloor | null = null;
  #highestAtStart: WarmFloor | null = null;
  readonly #fine = new Ring(6, FINE_BUCKETS);
  readonly #coarse = new Ring(4, COARSE_BUCKETS);
  readonly #wide = new Ring(4, WIDE_BUCKETS);
  readonly #openCoarse: OpenLevel = openLevel();
  readonly #openWide: OpenLevel = openLevel();
  #seenBuckets = 0;

  constructor(windowMs: number, originMs: number) {
    this.windowMs = windowMs;
    this.originMs = originMs;
  }

  get closedBuckets(): number {
    return this.#fine.pushed;
  }

  /** Those of them since the boot was last silent: what is older says nothing of now. */
  get seenBuckets(): number {
    return this.#seenBuckets;
  }

  /** Standard deviation of one sample. */
  get sampleDeviationBytes(): number {
    return sampleDeviation(this.#noise);
  }

  /** Null while the warm-up is not over. */
  get warm(): WarmFloor | null {
    return this.#warm;
  }

  /** The highest floor of the first `startWindows`: what is as high later has not grown. Null before the first. */
  get highestAtStart(): WarmFloor | null {
    return this.#highestAtStart;
  }

  /** The lowest of the open bucket, each sample as a median of three; null before the first. */
  get openFloorBytes(): number | null {
    return this.#open?.floorBytes ?? null;
  }

  /** Adds a sample; returns whether it has closed a bucket. Samples come in the order of their times. */
  observe(sample: CurveSample): boolean {
    const open = this.#open;
    const ageMs = open === null ? 0 : sample.timeMs - open.timeMs;
    const isFull = open !== null && ageMs >= this.windowMs && open.samples >= TUNING.samplesPerBucket;
    const closes = open !== null && (isFull || ageMs > MAX_BUCKET_WINDOWS * this.windowMs);
    if (open !== null && closes) this.#close(open);
    followNoise(this.#noise, sample.ownBytes, sample.activeJobs);
    const [last, lastButOne] = [this.#lastBytes, this.#lastButOneBytes];
    const isFiltered = PARTS.sampleMedian && last !== null && lastButOne !== null;
    this.#addToOpen(sample, isFiltered ? medianOfThree(sample.ownBytes, last, lastButOne) : sample.ownBytes);
    this.#lastButOneBytes = last;
    this.#lastBytes = sample.ownBytes;
    return closes;
  }

  /** The boot was silent. What is open is from before: with newer samples it would say what was held at no time. */
  resume(): void {
    this.#seenBuckets = 0;
    this.#open = null;
    this.#lastBytes = null;
    this.#lastButOneBytes = null;
  }

  #addToOpen({ timeMs, heldByJobsBytes, jobsBytes, activeJobs, holdingJobs }: CurveSample, bytes: number): void {
    this.#open ??= {
      timeMs,
      samples: 0,
      floorBytes: bytes,
      peakBytes: bytes,
      heldSum: 0,
      jobsBytesSum: 0,
      jobsSum: null,
      idleSamples: 0,
      idleFloorBytes: bytes,
    };
    const open = this.#open;
    open.samples += 1;
    open.floorBytes = Math.min(open.floorBytes, bytes);
    open.peakBytes = Math.max(open.peakBytes, bytes);
    open.heldSum += heldByJobsBytes;
    open.jobsBytesSum += jobsBytes;
    if (activeJobs === null || holdingJobs === null) return;
    open.jobsSum = (open.jobsSum ?? 0) + holdingJobs;
    if (activeJobs > 0 || !PARTS.idleFloors) return;
    open.idleFloorBytes = open.idleSamples === 0 ? bytes : Math.min(open.idleFloorBytes, bytes);
    open.idleSamples += 1;
  }

  #close(open: OpenBucket): void {
    const isIdle = open.idleSamples > 0;
    const floorBytes = isIdle
      ? this.#withoutBias(open.idleFloorBytes, open.idleSamples)
      : this.#withoutBias(open.floorBytes, open.samples);
    const jobs = isIdle ? 0 : open.jobsSum === null ? null : open.jobsSum / open.samples;
    const heldByJobsBytes = isIdle ? 0 : open.heldSum / open.samples;
    const jobsBytes = isIdle ? 0 : open.jobsBytesSum / open.samples;
    const level = { timeMs: open.timeMs - this.originMs, floorBytes, jobs, jobsBytes };
    this.#fine.push([level.timeMs, floorBytes, jobs, jobsBytes, open.peakBytes, heldByJobsBytes]);
    const coarse = addTo(this.#openCoarse, level, COARSE_FACTOR, isLower);
    if (coarse !== null) this.#coarse.push([coarse.timeMs, coarse.floorBytes, coarse.jobs, coarse.jobsBytes]);
    const wide = coarse === null ? null : addTo(this.#openWide, coarse, WIDE_FACTOR, isHigher);
    if (wide !== null) this.#wide.push([wide.timeMs, wide.floorBytes, wide.jobs, wide.jobsBytes]);
    this.#open = null;
    this.#seenBuckets += 1;
    const isStart = level.timeMs < TUNING.startWindows * this.windowMs;
    if (isStart && floorBytes > (this.#highestAtStart?.floorBytes ?? 0))
      this.#highestAtStart = { floorBytes, jobs, jobsBytes };
    this.#warm ??= this.#warmedUp();
  }

  /** The lowest of several noisy readings lies below what it reads; by how much is known from the noise. */
  #withoutBias(lowest: number, samples: number): number {
    const bias = PARTS.floorBias ? biasOfLowest(this.#noise, samples) : 0;
    return lowest + Math.min(bias, TUNING.maxBiasFraction * lowest);
  }

  #warmedUp(): WarmFloor | null {
    const buckets = this.fine();
    // The very first bucket belongs to the start of the process and is left out.
    return warmFloorOf(this.closedBuckets <= FINE_BUCKETS ? buckets.slice(1) : buckets, {
      originMs: this.originMs,
      windowMs: this.windowMs,
    });
  }

  /** Oldest first. */
  fine(): readonly Bucket[] {
    return this.#fine.map((column) => ({
      timeMs: this.originMs + (column(0) ?? 0),
      floorBytes: column(1) ?? 0,
      jobs: column(2),
      jobsBytes: column(3) ?? 0,
      peakBytes: column(4) ?? 0,
      heldByJobsBytes: column(5) ?? 0,
    }));
  }

  coarse(): readonly Level[] {
    return this.#levels(this.#coarse);
  }

  wide(): readonly Level[] {
    return this.#levels(this.#wide);
  }

  #levels(ring: Ring): readonly Level[] {
    return ring.map((column) => ({
      timeMs: this.originMs + (column(0) ?? 0),
      floorBytes: column(1) ?? 0,
      jobs: column(2),
      jobsBytes: column(3) ?? 0,
    }));
  }

  toJSON(): CurveState {
    return {
      windowMs: this.windowMs,
      originMs: this.originMs,
      open: this.#open,
      lastBytes: this.#lastBytes,
      lastButOneBytes: this.#lastButOneBytes,
      noise: this.#noise,
      warm: this.#warm,
      highestAtStart: this.#highestAtStart,
      openCoarse: this.#openCoarse,
      openWide: this.#openWide,
      seenBuckets: this.#seenBuckets,
      fine: this.#fine.toJSON(),
      coarse: this.#coarse.toJSON(),
      wide: this.#wide.toJSON(),
    };
  }

  /** From what `toJSON` gave, whose plain fields are checked by `restored-boot.ts`; null where a ring is damaged. */
  static restore(state: CurveState): Curve | null {
    const curve = new Curve(state.windowMs, state.originMs);
    curve.#open = state.open;
    curve.#lastBytes = state.lastBytes;
    curve.#lastButOneBytes = state.lastButOneBytes;
    Object.assign(curve.#noise, state.noise);
    curve.#warm = state.warm;
    curve.#highestAtStart = state.highestAtStart;
    Object.assign(curve.#openCoarse, state.openCoarse);
    Object.assign(curve.#openWide, state.openWide);
    const isWhole =
      curve.#fine.restore(state.fine) && curve.#coarse.restore(state.coarse) && curve.#wide.restore(state.wide);
    curve.#seenBuckets = state.seenBuckets ?? curve.closedBuckets;
    return isWhole ? curve : null;
  }
}

/** As a snapshot keeps it. */
export interface CurveState {
  readonly windowMs: number;
  readonly originMs: number;
  readonly open: OpenBucket | null;
  readonly lastBytes: number | null;
  readonly lastButOneBytes: number | null;
  readonly noise: NoiseState;
  readonly warm: WarmFloor | null;
  readonly highestAtStart: WarmFloor | null;
  readonly openCoarse: OpenLevel;
  readonly openWide: OpenLevel;
  /** Absent in snapshots of older versions. */
  readonly seenBuckets?: number;
  readonly fine: unknown;
  readonly coarse: unknown;
  readonly wide: unknown;
}

function medianOfThree(a: number, b: number, c: number): number {
  return Math.max(Math.min(a, b), Math.min(Math.max(a, b), c));
}
